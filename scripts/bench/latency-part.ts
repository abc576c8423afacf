import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

import type { BenchPart } from "./bench-part.ts";
import { CLI, EmbeddedSite, mostDependedOn, spreadPackages } from "./embedded-site.ts";
import type { PackageRecord } from "./embedded-site.ts";
import { figure } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { workSummaryOf } from "./rekiln-work.ts";
import { settleDisk } from "./settle-disk.ts";

const PUTS = 200;
const PAUSE_MS = 60;
const WAIT_MAX_MS = 60_000;
const LOOK_MS = 1;

/** Puts another version of a package. @returns milliseconds until its page shows it */
async function putAndWait(site: EmbeddedSite, one: PackageRecord): Promise<number> {
  const file = site.pageOf(one.id);
  const before = statSync(file).ino;
  const started = performance.now();
  await site.put([one]);
  for (;;) {
    const { ino } = statSync(file);
    if (ino !== before && readFileSync(file, "utf8").includes(one.version)) return performance.now() - started;
    if (performance.now() - started > WAIT_MAX_MS) throw new Error(`${one.id} isn't on its page after a minute`);
    await setTimeout(LOOK_MS);
  }
}

function latencyFigures(name: string, latenciesMs: readonly number[], below: number): readonly Figure[] {
  const sorted = latenciesMs.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return [
    figure(`latency.${name}.puts`, sorted.length, "puts"),
    figure(`latency.${name}.p50`, at(0.5), "ms"),
    figure(`latency.${name}.p99`, at(0.99), "ms", { below }),
    figure(`latency.${name}.max`, at(1), "ms"),
  ];
}

/** From a put until the page's file is another one: with nothing else to do, and while a change of a great many pages is worked on. */
export const latencyPart: BenchPart = async ({ folder, pages, catalogue, say }) => {
  using site = await EmbeddedSite.make(await catalogue(), join(folder, "site"));
  const puts = Math.min(PUTS, pages ?? PUTS);
  const hub = mostDependedOn(site.packages);
  const others = spreadPackages(site.packages, 2 * PUTS, 1).filter(
    ({ id, depends }) => id !== hub.id && depends?.includes(hub.id) !== true,
  );
  settleDisk();
  const child = spawn(process.execPath, [CLI, "work", "--json"], { cwd: site.dir, stdio: ["ignore", "pipe", "pipe"] });
  const stop = (): void => void child.kill();
  process.once("exit", stop);
  try {
    const exited = once(child, "exit");
    const stdout = text(child.stdout);
    await once(child.stderr, "data");
    child.stderr.resume();
    const idle: number[] = [];
    let edits = 0;
    const next = (): PackageRecord => {
      const one = others[edits % others.length] ?? hub;
      return { ...one, version: `${one.version}+bench${++edits}` };
    };
    // The code is warm after some.
    for (let put = 0; put < 20; put++) await putAndWait(site, next());
    while (idle.length < puts) {
      await setTimeout(PAUSE_MS * (0.5 + Math.random()));
      idle.push(await putAndWait(site, next()));
    }
    say(`${idle.length} puts while there was nothing else to do`);
    const busy: number[] = [];
    const started = performance.now();
    for (const act of [async () => site.delete(hub.id), async () => site.put([hub])]) {
      await act();
      for (let isBusy = true; isBusy;) {
        await setTimeout(PAUSE_MS * (0.5 + Math.random()));
        const latency = await putAndWait(site, next());
        const { waiting, inFlight } = (await site.queue.depth()).bulk;
        busy.push(latency);
        isBusy = waiting + inFlight > 0;
      }
    }
    const seconds = (performance.now() - started) / 1000;
    say(`${busy.length} puts while ${hub.id} was deleted and put again, ${seconds.toFixed(2)} s`);
    child.kill("SIGTERM");
    await exited;
    const { rendered, written } = workSummaryOf(await stdout);
    return [
      ...latencyFigures("idle", idle, 100),
      figure("latency.fanOut", site.packages.filter(({ depends }) => depends?.includes(hub.id)).length, "pages"),
      ...latencyFigures("busy", busy, 1000),
      figure("latency.amplification", rendered / written, "rendered/written"),
    ];
  } finally {
    process.removeListener("exit", stop);
    child.kill("SIGKILL");
  }
};
