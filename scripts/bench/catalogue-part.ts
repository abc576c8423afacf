import { join } from "node:path";

import type { BenchPart } from "./bench-part.ts";
import { measureFloor } from "./measure-floor.ts";
import { medianFigure } from "./median-figure.ts";
import { othersFigure } from "./others-figure.ts";
import type { RekilnBuild } from "./rekiln-build.ts";

type Floor = Awaited<ReturnType<typeof measureFloor>>;

/**
 * A cold build of the package catalogue beside the floor, turn by turn; the ratio is taken pair by pair, since how fast
 * the disk is changes from minute to minute.
 */
export const cataloguePart: BenchPart = async ({ folder, rounds, catalogue, say }) => {
  const site = await catalogue();
  const pairs: { readonly build: RekilnBuild; readonly floor: Floor }[] = [];
  for (let round = 1; round <= rounds; round++) {
    const build = await site.coldBuild();
    const floor = await measureFloor(site.dist, join(folder, "floor"));
    pairs.push({ build, floor });
    say(`round ${round}: cold build ${build.seconds.toFixed(2)} s, floor ${floor.seconds.toFixed(2)} s`);
  }
  const of = medianFigure("catalogue", pairs);
  const names = (kind: "stretchesMs" | "threadsMs"): string[] => Object.keys(pairs[0]?.build[kind] ?? {});
  const inThreads = ({ threadsMs }: RekilnBuild): number => Object.values(threadsMs).reduce((sum, ms) => sum + ms, 0);
  return [
    of("pages", "pages", ({ build }) => build.pages),
    of("wall", "s", ({ build }) => build.seconds),
    of("rate", "pages/s", ({ build }) => build.pages / build.seconds),
    of("cpu", "s", ({ build }) => build.cpuSeconds),
    of("peak", "MB", ({ build }) => build.peakBytes / 1e6),
    of("written", "MB", ({ build }) => build.bytes / 1e6),
    ...names("stretchesMs").map((name) =>
      of(`stretch.${name}`, "s", ({ build }) => (build.stretchesMs[name] ?? 0) / 1000),
    ),
    ...names("threadsMs").map((name) =>
      of(`share.${name}`, "%", ({ build }) => ((build.threadsMs[name] ?? 0) / inThreads(build)) * 100),
    ),
    of("floor.files", "files", ({ floor }) => floor.files),
    of("floor.wall", "s", ({ floor }) => floor.seconds),
    othersFigure("catalogue", [...pairs.map(({ build }) => build), ...pairs.map(({ floor }) => floor)]),
    of("ratio", "× floor", ({ build, floor }) => build.seconds / floor.seconds, { atMost: 2.5 }),
  ];
};
