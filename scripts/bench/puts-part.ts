import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { median } from "./median.ts";
import { startPutSink } from "./put-sink.ts";

const WORK = fileURLToPath(new URL("./put-work.ts", import.meta.url));
const PUTS = 10_000;
const WAYS = ["sdk", "library", "ours"] as const;

/** PUTs a second of CPU: by the SDK, by its signer over our connections, and by our adapter, in turn, to the same sink. */
export const putsPart: BenchPart = async ({ rounds, pages, say }) => {
  await using sink = await startPutSink();
  const puts = Math.min(PUTS, pages ?? PUTS);
  const rates = new Map<string, number[]>(WAYS.map((way) => [way, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const way of WAYS) {
      const { stdout } = await promisify(execFile)(process.execPath, [WORK, way, sink.url, String(puts)]);
      const { cpuSeconds } = JSON.parse(stdout) as { readonly cpuSeconds: number };
      rates.get(way)?.push(puts / cpuSeconds);
    }
    const shown = WAYS.map((way) => `${way} ${Math.round(rates.get(way)?.at(-1) ?? NaN)}`);
    say(`round ${round}: ${shown.join(", ")} PUTs a CPU second`);
  }
  const of = (way: (typeof WAYS)[number]): number => median(rates.get(way) ?? []);
  return [
    ...WAYS.map((way) => figure(`puts.${way}`, of(way), "PUTs/CPU s")),
    figure("puts.libraryToSdk", of("library") / of("sdk"), "times"),
    figure("puts.oursToSdk", of("ours") / of("sdk"), "times", { atLeast: 6 }),
  ];
};
