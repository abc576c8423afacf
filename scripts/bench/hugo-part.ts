import { join } from "node:path";

import type { BenchPart } from "./bench-part.ts";
import { CannotRun } from "./cannot-run.ts";
import type { CatalogueSite } from "./catalogue-site.ts";
import { compareSites } from "./compare-sites.ts";
import { figure } from "./figure.ts";
import { writeHugoSite } from "./hugo-site.ts";
import { measuredRun } from "./measured-run.ts";
import type { MeasuredRun } from "./measured-run.ts";
import { medianFigure } from "./median-figure.ts";
import { othersFigure } from "./others-figure.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { sayDifferences } from "./say-differences.ts";
import { setAside } from "./set-aside.ts";
import { settleDisk } from "./settle-disk.ts";

const SAMPLED_PAGES = 2000;

/** The same pages by rekiln and by Hugo, turn by turn, each into an empty folder; then how far they are the same pages. */
export const hugoPart: BenchPart = async ({ folder, rounds, catalogue, say }) => {
  await checkHugo(folder);
  const site = await catalogue();
  const hugoDir = join(folder, "hugo");
  say("writing the content of the Hugo site");
  await writeHugoSite(site.data, join(site.dir, "static"), hugoDir);
  const pairs: { readonly rekiln: RekilnBuild; readonly hugo: MeasuredRun }[] = [];
  for (let round = 1; round <= rounds; round++) {
    const rekiln = await site.coldBuild();
    const hugo = await hugoBuild(hugoDir);
    pairs.push({ rekiln, hugo });
    say(`round ${round}: rekiln ${rekiln.seconds.toFixed(2)} s, Hugo ${hugo.seconds.toFixed(2)} s`);
  }
  const of = medianFigure("hugo", pairs);
  return [
    of("rekiln.wall", "s", ({ rekiln }) => rekiln.seconds),
    of("wall", "s", ({ hugo }) => hugo.seconds),
    of("rekiln.cpu", "s", ({ rekiln }) => rekiln.cpuSeconds),
    of("cpu", "s", ({ hugo }) => hugo.cpuSeconds),
    of("rekiln.peak", "MB", ({ rekiln }) => rekiln.peakBytes / 1e6),
    of("peak", "MB", ({ hugo }) => hugo.peakBytes / 1e6),
    ...samePages(site, hugoDir, say),
    othersFigure("hugo", [...pairs.map(({ rekiln }) => rekiln), ...pairs.map(({ hugo }) => hugo)]),
    of("speed", "× Hugo's", ({ rekiln, hugo }) => hugo.seconds / rekiln.seconds, { atLeast: 3 }),
    of("memory", "× Hugo's", ({ rekiln, hugo }) => rekiln.peakBytes / hugo.peakBytes, { atMost: 1 / 6 }),
  ];
};

async function checkHugo(folder: string): Promise<void> {
  try {
    await measuredRun("hugo", ["version"], folder);
  } catch (cause) {
    throw new CannotRun("there is no hugo: run `apt-get install hugo`", { cause });
  }
}

async function hugoBuild(dir: string): Promise<MeasuredRun> {
  for (const made of ["public", "resources"]) setAside(join(dir, made));
  settleDisk();
  const run = await measuredRun("hugo", ["--quiet"], dir);
  if (run.exitCode !== 0)
    throw new Error(`hugo ended with ${run.exitCode}:\n${(run.stderr + run.stdout).slice(-4000)}`);
  return run;
}

function samePages(site: CatalogueSite, hugoDir: string, say: (line: string) => void) {
  const same = compareSites(site.dist, join(hugoDir, "public"), SAMPLED_PAGES, pageOfHugo);
  sayDifferences("Hugo", same, say);
  return [
    figure("hugo.pages.both", same.common, "pages"),
    figure("hugo.pages.onlyRekiln", same.onlyFirst.length, "pages"),
    figure("hugo.pages.onlyHugo", same.onlySecond.length, "pages"),
    figure("hugo.pages.compared", same.sampled, "pages"),
    figure("hugo.pages.differing", same.differing.length, "pages"),
  ];
}

/** Hugo puts the names for the search beside their list, and a redirect at `1/` of every list of several pages. */
function pageOfHugo(file: string): string | undefined {
  if (/(?:^|\/)1\/index\.html$/.test(file)) return undefined;
  return file.replace(/^names\/(.+)\/index\.json$/, "search/$1.json");
}
