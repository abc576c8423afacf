import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { medianFigure } from "./median-figure.ts";
import { othersFigure } from "./others-figure.ts";
import { rekilnBuild } from "./rekiln-build.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { settleDisk } from "./settle-disk.ts";

/** A second build of the catalogue with nothing changed, beside the first. */
export const secondPart: BenchPart = async ({ rounds, catalogue, say }) => {
  const site = await catalogue();
  const first = await site.built();
  const builds: RekilnBuild[] = [];
  for (let round = 1; round <= rounds; round++) {
    settleDisk();
    const build = await rekilnBuild(site.dir);
    if (build.writtenPages > 0) throw new Error(`a build without a change wrote ${build.writtenPages} pages`);
    say(`round ${round}: second build ${build.seconds.toFixed(2)} s`);
    builds.push(build);
  }
  const of = medianFigure("second", builds);
  return [
    figure("second.first", first, "s"),
    of("wall", "s", (build) => build.seconds),
    of("peak", "MB", (build) => build.peakBytes / 1e6),
    othersFigure("second", builds),
    of("ratio", "× first", (build) => build.seconds / first, { atMost: 0.2 }),
  ];
};
