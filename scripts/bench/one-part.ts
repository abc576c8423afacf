import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { BenchPart } from "./bench-part.ts";
import { medianFigure } from "./median-figure.ts";
import { othersFigure } from "./others-figure.ts";
import { rekilnBuild } from "./rekiln-build.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { settleDisk } from "./settle-disk.ts";

/** Builds after another version of one package, a different package in each round. */
export const onePart: BenchPart = async ({ folder, rounds, catalogue, say }) => {
  const site = await catalogue();
  await site.built();
  const file = join(site.data, "package.ndjson");
  const original = join(folder, "package.ndjson");
  copyFileSync(file, original);
  const builds: RekilnBuild[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const name = changeVersion(file, round / (rounds + 1));
      settleDisk();
      const build = await rekilnBuild(site.dir);
      if (build.writtenPages === 0) throw new Error(`another version of ${name} changed no page`);
      say(`round ${round}: ${name} changed, ${build.writtenPages} pages written, ${build.seconds.toFixed(2)} s`);
      builds.push(build);
    }
  } finally {
    renameSync(original, file);
  }
  const of = medianFigure("one", builds);
  const scanOf = ({ stretchesMs }: RekilnBuild): number => (stretchesMs["source"] ?? 0) / 1000;
  return [
    of("wall", "s", (build) => build.seconds),
    of("written", "pages", (build) => build.writtenPages),
    of("scan", "s", scanOf),
    othersFigure("one", builds),
    of("beyondScan", "s", (build) => build.seconds - scanOf(build), { below: 1 }),
  ];
};

/** Appends to the version of the record that stands `share` of the way into the file. @returns the package's name. */
function changeVersion(file: string, share: number): string {
  const lines = readFileSync(file, "utf8").split("\n");
  const at = Math.floor(lines.length * share);
  const record = JSON.parse(lines[at] ?? "") as { readonly id: string; readonly version: string };
  lines[at] = JSON.stringify({ ...record, version: `${record.version}+bench` });
  writeFileSync(file, lines.join("\n"));
  return record.id;
}
