import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { Running } from "../support/cli.ts";
import { TemporarySite } from "../support/temporary-site.ts";

const GUIDE = readFileSync(new URL("../../docs/guide.md", import.meta.url), "utf8");
const CLI = fileURLToPath(new URL("../../lib/src/cli/rekiln.js", import.meta.url));

/** A name in backquotes that ends its line, and the block below it. */
function filesOf(guide: string): Readonly<Record<string, string>> {
  const blocks = guide.matchAll(/`(\w[\w./-]*\.\w+)`[^\n]*:\n\n```\w*\n([^]*?)```/g);
  return Object.fromEntries(blocks.map(([, name = "", text = ""]) => [name, text]));
}

/** Every line of a block that calls rekiln, in order; what makes a site elsewhere, or never ends by itself, is left to its own tests. */
function commandsOf(guide: string): readonly string[] {
  const blocks = [...guide.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].filter(([, language]) => language === "");
  const lines = blocks.flatMap(([, , text = ""]) => text.trim().split("\n"));
  return lines.filter((line) => /^(?!.*rekiln (?:init|dev|serve)\b).*npx rekiln/.test(line));
}

/** Types a line into a shell in the site's folder. */
function type(site: TemporarySite, line: string): { readonly status: number | null; readonly said: string } {
  const typed = line.replaceAll("npx rekiln", `"${process.execPath}" "${CLI}"`);
  const { status, stdout, stderr } = spawnSync(typed, { cwd: site.folder, shell: true, encoding: "utf8" });
  return { status, said: stdout + stderr };
}

test("what the guide tells works when it is typed", { timeout: 120_000 }, async () => {
  const files = filesOf(GUIDE);
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining(["data/film.ndjson", "rekiln.config.ts", "templates/layout.eta", "static/site.css"]),
  );
  const site = new TemporarySite(files);
  const [build, ...others] = commandsOf(GUIDE);
  if (build === undefined) throw new Error("the guide builds nothing");

  expect(type(site, build)).toMatchObject({ status: 0, said: expect.stringMatching(/^6 pages in dist$/m) });
  expect(site.read("dist/genres/horror/index.html")).toContain('<a href="/films/suspiria/">Suspiria</a> 7.3');
  expect(site.read("dist/films/alien/index.html")).toContain("by Ridley Scott");
  await new Running(site.folder, ["serve", "--port", "0"]).said(/served at/);

  // The rest is of the data that rekiln keeps itself.
  site.edit("rekiln.config.ts", 'files("data/")', "embedded()");
  site.edit("rekiln.config.ts", "files,", "embedded,");
  expect(others.length).toBeGreaterThan(6);
  for (const line of others) expect({ line, ...type(site, line) }).toMatchObject({ line, status: 0 });
  expect(spawnSync(process.execPath, ["publish.ts"], { cwd: site.folder, encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  });
  expect(type(site, "npx rekiln build")).toMatchObject({ status: 0 });
  expect(site.filesButSitemaps()).not.toContain("films/suspiria/index.html");
});
