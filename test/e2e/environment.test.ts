import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, rekiln, Running } from "../support/cli.ts";
import { TemporarySite } from "../support/temporary-site.ts";

const CONFIG = `import { defineEntities, defineSite, files, html } from "rekiln";
const { route, ...entities } = defineEntities({});
const name = process.env.SITE_NAME ?? "nobody";
export default defineSite({
  url: "https://example.com",
  env: ["SITE_NAME"],
  source: files("data/"),
  entities: { route, ...entities },
  routes: { home: route({ path: "/", template: () => html\`<p>\${name} \${process.env.SECRET ?? "no secret"}</p>\` }) },
});
`;

function siteWith(env: string): TemporarySite {
  const site = new TemporarySite({ "rekiln.config.ts": CONFIG, ".env": env });
  mkdirSync(join(site.folder, "data"));
  return site;
}

test(".env beside the config is read, from wherever rekiln is called, and its named values shape pages", async () => {
  const site = siteWith("SITE_NAME=Films\nSECRET=one\n");
  expect((await rekiln("/", "build", "--config", join(site.folder, "rekiln.config.ts"))).code).toBe(0);
  expect(site.read("dist/index.html")).toContain("<p>Films one</p>");

  site.write(".env", "SITE_NAME=Films\nSECRET=two\n");
  expect((await build(site.folder)).wrote).toBe(0);

  site.write(".env", "SITE_NAME=Books\nSECRET=two\n");
  const again = await build(site.folder);
  expect(Object.keys(again.whole)).toEqual(["home"]);
  expect(site.read("dist/index.html")).toContain("<p>Books two</p>");
});

test("what is set already is stronger than .env", async () => {
  const site = siteWith("SITE_NAME=Films\n");
  const running = new Running(site.folder, ["build"], "", { SITE_NAME: "Shell" });
  expect((await running.ended).code).toBe(0);
  expect(site.read("dist/index.html")).toContain("<p>Shell no secret</p>");
});

test("an .env that can't be read is said, and nothing is built", async () => {
  const site = siteWith("");
  site.remove(".env");
  mkdirSync(join(site.folder, ".env"));
  const { code, stderr } = await rekiln(site.folder, "build");
  expect(code).toBe(2);
  expect(stderr).toMatch(/\.env can't be read/);
});
