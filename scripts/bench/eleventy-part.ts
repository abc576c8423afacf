import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { BenchPart } from "./bench-part.ts";
import { CannotRun } from "./cannot-run.ts";
import { compareSites } from "./compare-sites.ts";
import { writeEleventySite } from "./eleventy-site.ts";
import { figure } from "./figure.ts";
import { measuredRun } from "./measured-run.ts";
import type { MeasuredRun } from "./measured-run.ts";
import { medianFigure } from "./median-figure.ts";
import { othersFigure } from "./others-figure.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { sayDifferences } from "./say-differences.ts";
import { setAside } from "./set-aside.ts";
import { settleDisk } from "./settle-disk.ts";

const VERSION = "3.1.8";
const SAMPLED_PAGES = 2000;
/** More than Node allows itself: all pages are in memory there. */
const HEAP_MEGABYTES = 12_000;

/** The same pages by rekiln and by Eleventy, turn by turn, each into an empty folder. Eleventy is installed into the bench's own folder. */
export const eleventyPart: BenchPart = async ({ folder, rounds, catalogue, say }) => {
  const dir = join(folder, "eleventy");
  const site = await catalogue();
  writeEleventySite(site.data, join(site.dir, "static"), dir);
  say(`installing Eleventy ${VERSION}`);
  await install(dir);
  const pairs: { readonly rekiln: RekilnBuild; readonly eleventy: MeasuredRun }[] = [];
  for (let round = 1; round <= rounds; round++) {
    const rekiln = await site.coldBuild();
    const eleventy = await eleventyBuild(dir);
    pairs.push({ rekiln, eleventy });
    say(`round ${round}: rekiln ${rekiln.seconds.toFixed(2)} s, Eleventy ${eleventy.seconds.toFixed(2)} s`);
  }
  const same = compareSites(site.dist, join(dir, "_site"), SAMPLED_PAGES, (file) => file);
  sayDifferences("Eleventy", same, say);
  const of = medianFigure("eleventy", pairs);
  return [
    of("rekiln.wall", "s", ({ rekiln }) => rekiln.seconds),
    of("wall", "s", ({ eleventy }) => eleventy.seconds),
    of("rekiln.peak", "MB", ({ rekiln }) => rekiln.peakBytes / 1e6),
    of("peak", "MB", ({ eleventy }) => eleventy.peakBytes / 1e6),
    figure("eleventy.pages.both", same.common, "pages"),
    figure("eleventy.pages.onlyRekiln", same.onlyFirst.length, "pages"),
    figure("eleventy.pages.onlyEleventy", same.onlySecond.length, "pages"),
    figure("eleventy.pages.compared", same.sampled, "pages"),
    figure("eleventy.pages.differing", same.differing.length, "pages"),
    othersFigure("eleventy", [...pairs.map(({ rekiln }) => rekiln), ...pairs.map(({ eleventy }) => eleventy)]),
    of("speed", "× Eleventy's", ({ rekiln, eleventy }) => eleventy.seconds / rekiln.seconds, { atLeast: 7 }),
    of("memory", "× Eleventy's", ({ rekiln, eleventy }) => rekiln.peakBytes / eleventy.peakBytes, { atMost: 1 / 6 }),
  ];
};

async function install(dir: string): Promise<void> {
  writeFileSync(join(dir, "package.json"), '{"private":true}\n');
  const npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `@11ty/eleventy@${VERSION}`, "eta@4.6.0"];
  const run = await measuredRun("npm", npm, dir);
  if (run.exitCode !== 0) throw new CannotRun(`Eleventy can't be installed: ${run.stderr.slice(-500)}`);
}

async function eleventyBuild(dir: string): Promise<MeasuredRun> {
  setAside(join(dir, "_site"));
  settleDisk();
  const parameters = [`--max-old-space-size=${HEAP_MEGABYTES}`, "node_modules/@11ty/eleventy/cmd.cjs", "--quiet"];
  const run = await measuredRun(process.execPath, parameters, dir);
  if (run.exitCode !== 0)
    throw new Error(`Eleventy ended with ${run.exitCode}:\n${(run.stderr + run.stdout).slice(-4000)}`);
  return run;
}
