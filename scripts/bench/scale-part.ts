import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { median } from "./median.ts";
import { rekilnBuild } from "./rekiln-build.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { writeScaleData } from "./scale-data.ts";
import { settleDisk } from "./settle-disk.ts";

const SITE = fileURLToPath(new URL("scale-site/", import.meta.url));
const SIZES = [10_000, 100_000];
const LARGE = 1_000_000;

/** Cold builds of the same site with more and more entities, turn by turn; the large one is built once. */
export const scalePart: BenchPart = async ({ folder, rounds, pages, isLarge, say }) => {
  const full = isLarge ? [...SIZES, LARGE] : SIZES;
  const sizes = pages === undefined ? full : full.map((size) => Math.ceil((size / Math.max(...full)) * pages));
  const builds = new Map<number, RekilnBuild[]>(sizes.map((size) => [size, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes) {
      if (size >= LARGE && round > 1) continue;
      const dir = join(folder, `scale-${size}`);
      cpSync(SITE, dir, { recursive: true });
      await writeScaleData(join(dir, "data"), size);
      settleDisk();
      const build = await rekilnBuild(dir);
      rmSync(dir, { recursive: true });
      builds.get(size)?.push(build);
      say(`round ${round}: ${size} entities, ${build.pages} pages, ${build.seconds.toFixed(2)} s`);
    }
  }
  const middle = (size: number, pick: (build: RekilnBuild) => number): number =>
    median(builds.get(size)?.map(pick) ?? []);
  const rateOf = (size: number): number => middle(size, (build) => build.pages / build.seconds);
  const peakOf = (size: number): number => middle(size, (build) => build.peakBytes / 1e6);
  const first = Math.min(...sizes);
  const last = Math.max(...sizes);
  return [
    ...sizes.flatMap((size) => [
      figure(
        `scale.${size}.pages`,
        middle(size, (build) => build.pages),
        "pages",
      ),
      figure(
        `scale.${size}.wall`,
        middle(size, (build) => build.seconds),
        "s",
      ),
      figure(`scale.${size}.rate`, rateOf(size), "pages/s"),
      figure(`scale.${size}.peak`, peakOf(size), "MB"),
    ]),
    figure("scale.rate", rateOf(last) / rateOf(first), `× that of ${first}`, { atLeast: 0.8 }),
    figure("scale.peak", peakOf(last) / peakOf(first), `× that of ${first}`, { atMost: 1.5 }),
  ];
};
