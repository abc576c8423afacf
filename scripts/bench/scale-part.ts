import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { medianFigure } from "./median-figure.ts";
import { median } from "./median.ts";
import { othersFigure } from "./others-figure.ts";
import { rekilnBuild } from "./rekiln-build.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { writeScaleData } from "./scale-data.ts";
import { setAside } from "./set-aside.ts";
import { settleDisk } from "./settle-disk.ts";

const SITE = dirname(fileURLToPath(new URL("scale-site/rekiln.config.ts", import.meta.url)));
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
      setAside(dir);
      builds.get(size)?.push(build);
      say(`round ${round}: ${size} entities, ${build.pages} pages, ${build.seconds.toFixed(2)} s`);
    }
  }
  const rateOf = (build: RekilnBuild): number => build.pages / build.seconds;
  const peakOf = (build: RekilnBuild): number => build.peakBytes / 1e6;
  const growth = (pick: (build: RekilnBuild) => number): number => {
    const of = (size: number): number => median(builds.get(size)?.map(pick) ?? []);
    return of(Math.max(...sizes)) / of(Math.min(...sizes));
  };
  const smallest = `× that of ${Math.min(...sizes)}`;
  return [
    ...sizes.flatMap((size) => {
      const of = medianFigure(`scale.${size}`, builds.get(size) ?? []);
      return [
        of("pages", "pages", (build) => build.pages),
        of("wall", "s", (build) => build.seconds),
        of("rate", "pages/s", rateOf),
        of("peak", "MB", peakOf),
      ];
    }),
    othersFigure("scale", [...builds.values()].flat()),
    figure("scale.rate", growth(rateOf), smallest, { atLeast: 0.8 }),
    figure("scale.peak", growth(peakOf), smallest, { atMost: 1.5 }),
  ];
};
