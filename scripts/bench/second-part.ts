import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { median } from "./median.ts";
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
  const seconds = median(builds.map((build) => build.seconds));
  return [
    figure("second.first", first, "s"),
    figure("second.wall", seconds, "s"),
    figure("second.peak", median(builds.map((build) => build.peakBytes / 1e6)), "MB"),
    figure("second.ratio", seconds / first, "× first", { atMost: 0.2 }),
  ];
};
