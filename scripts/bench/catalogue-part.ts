import { join } from "node:path";

import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { measureFloor } from "./measure-floor.ts";
import { median } from "./median.ts";
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
  const middle = (pick: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(pick));
  const names = (kind: "stretchesMs" | "threadsMs"): string[] => Object.keys(pairs[0]?.build[kind] ?? {});
  const inThreads = ({ threadsMs }: RekilnBuild): number => Object.values(threadsMs).reduce((sum, ms) => sum + ms, 0);
  return [
    figure(
      "catalogue.pages",
      middle(({ build }) => build.pages),
      "pages",
    ),
    figure(
      "catalogue.wall",
      middle(({ build }) => build.seconds),
      "s",
    ),
    figure(
      "catalogue.rate",
      middle(({ build }) => build.pages / build.seconds),
      "pages/s",
    ),
    figure(
      "catalogue.cpu",
      middle(({ build }) => build.cpuSeconds),
      "s",
    ),
    figure(
      "catalogue.peak",
      middle(({ build }) => build.peakBytes / 1e6),
      "MB",
    ),
    figure(
      "catalogue.written",
      middle(({ build }) => build.bytes / 1e6),
      "MB",
    ),
    ...names("stretchesMs").map((name) =>
      figure(
        `catalogue.stretch.${name}`,
        middle(({ build }) => (build.stretchesMs[name] ?? 0) / 1000),
        "s",
      ),
    ),
    ...names("threadsMs").map((name) =>
      figure(
        `catalogue.share.${name}`,
        middle(({ build }) => ((build.threadsMs[name] ?? 0) / inThreads(build)) * 100),
        "%",
      ),
    ),
    figure(
      "catalogue.floor.files",
      middle(({ floor }) => floor.files),
      "files",
    ),
    figure(
      "catalogue.floor.wall",
      middle(({ floor }) => floor.seconds),
      "s",
    ),
    figure(
      "catalogue.ratio",
      middle(({ build, floor }) => build.seconds / floor.seconds),
      "× floor",
      { atMost: 2.5 },
    ),
  ];
};
