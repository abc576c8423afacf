import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import type { ConfigReport, ReportRequest } from "./config-report.ts";

// Node itself has to load the configs, and vitest stands between unless told otherwise: so each is loaded in a thread
// or a process that it has no hand in.
const REPORT = new URL("./report-config.ts", import.meta.url.split("?")[0]);
const ZOD = pathToFileURL(join(import.meta.dirname, "../../../node_modules/zod/index.js")).href;

const CONFIG = `
import { defineEntities, defineSite, entity, files, json } from "rekiln";
import { z } from "${ZOD}";
import { pathOf } from "./lib/paths.ts";
import { theme } from "theme";
import title from "./title.json" with { type: "json" };
const entities = defineEntities({ film: entity(z.object({ id: z.string() })) });
export default defineSite({
  url: \`https://films.example/\${theme}/\${title.length}\`,
  env: ["SITE_LANGUAGE", "SITE_THEME"],
  source: files("data/"),
  entities,
  routes: {
    film: entities.route({ each: "film", path: pathOf, template: "film" }),
    search: entities.route({ path: "/search.json", template: json }),
  },
});
`;
const SITE: Readonly<Record<string, string>> = {
  "rekiln.config.ts": CONFIG,
  "lib/paths.ts": `import { prefix } from "../prefix.js"; export const pathOf = (film: { id: string }): string => prefix + film.id + "/";`,
  "prefix.js": `export const prefix = "/films/";`,
  "title.json": `"Films"`,
  "unused.ts": `export {};`,
  "node_modules/theme/package.json": `{ "name": "theme", "type": "module", "exports": "./index.js" }`,
  "node_modules/theme/index.js": `export const theme = "dark";`,
  "package-lock.json": `{ "lockfileVersion": 3 }`,
};

let root = "";
let configFile = "";

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = join(root, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "rekiln-config-")));
  configFile = join(root, "rekiln.config.ts");
});
afterEach(() => rm(root, { recursive: true }));

async function inThread(environment: ReportRequest["environment"] = {}, file = configFile): Promise<ConfigReport> {
  const worker = new Worker(REPORT, { workerData: { configFile: file, environment } satisfies ReportRequest });
  const [report] = await once(worker, "message");
  await worker.terminate();
  // What report-config.ts posts.
  return report as ConfigReport;
}

async function inProcess(...requests: readonly ReportRequest[]): Promise<readonly ConfigReport[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(REPORT), JSON.stringify(requests)]);
  // What report-config.ts prints.
  return JSON.parse(stdout) as readonly ConfigReport[];
}

async function loaded(environment: ReportRequest["environment"] = {}): Promise<ConfigReport & { ok: true }> {
  const report = await inThread(environment);
  if (!report.ok) throw new Error(report.message);
  return report;
}

async function refused(file = configFile): Promise<ConfigReport & { ok: false }> {
  const report = await inThread({}, file);
  if (report.ok) throw new Error(`${file} was loaded`);
  return report;
}

describe("a config", () => {
  test("is loaded with the running rekiln, wherever it lies", async () => {
    await put(SITE);
    const report = await loaded();
    expect(report).toMatchObject({ url: "https://films.example/dark/5", root });
    expect(report.templates).toEqual({ film: "eta", search: "json" });
  });

  test("has every local module recorded with its bytes, and none of a package or of rekiln", async () => {
    await put(SITE);
    const { code } = await loaded();
    const recorded = Object.fromEntries(code.modules.map(({ name, digest }) => [name, digest]));
    const names = ["rekiln.config.ts", "lib/paths.ts", "prefix.js", "title.json"];
    expect(recorded).toEqual(Object.fromEntries(names.map((name) => [name, digestOf(SITE[name] ?? "")])));
  });

  test("has CommonJS and dynamic imports recorded, and modules outside its folder", async () => {
    await put({
      ...SITE,
      "site/rekiln.config.ts":
        CONFIG.replace("./lib/", "../lib/").replace("./title.json", "../title.json") +
        `\nimport "./old.cjs"; const { later } = await import("./later.mts"); export { later };`,
      "site/old.cjs": `require("./older.cjs");`,
      "site/older.cjs": `module.exports = 1;`,
      "site/later.mts": `export const later: number = 1;`,
    });
    const report = await inThread({}, join(root, "site/rekiln.config.ts"));
    if (!report.ok) throw new Error(report.message);
    expect(report.code.modules.map(({ name }) => name).toSorted()).toEqual([
      "../lib/paths.ts",
      "../prefix.js",
      "../title.json",
      "later.mts",
      "old.cjs",
      "older.cjs",
      "rekiln.config.ts",
    ]);
  });

  test("gives a process the same fingerprint as a thread", async () => {
    await put(SITE);
    const [first, again] = await inProcess({ configFile, environment: {} }, { configFile, environment: {} });
    const report = await loaded();
    expect(first).toEqual(report);
    expect(again).toEqual(report);
  });

  test("has the same modules recorded when it is loaded again in a process, required ES modules too", async () => {
    const config = `import "./old.cjs";\n${CONFIG}`;
    await put({ ...SITE, "rekiln.config.ts": config, "old.cjs": `require("./new.mjs");`, "new.mjs": "" });
    const request = { configFile, environment: {} };
    const [first, again] = await inProcess(request, request);
    expect(first).toMatchObject({ ok: true });
    expect(again).toMatchObject(first?.ok === true ? { fingerprint: first.fingerprint } : {});
  });

  test("has the lock file, rekiln's version and the named environment values in its code", async () => {
    await put(SITE);
    const { code } = await loaded({ SITE_LANGUAGE: "en", HOME: "/root" });
    expect(code.lockFile).toBe(digestOf(SITE["package-lock.json"] ?? ""));
    expect(code.rekilnVersion).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+/);
    expect(code.env).toEqual({ SITE_LANGUAGE: "en", SITE_THEME: undefined });
  });

  test("takes the nearest lock file above it", async () => {
    const config = CONFIG.replace(`"./lib/`, `"../../lib/`).replace("./title", "../../title");
    await put({ ...SITE, "bun.lock": "far", "a/pnpm-lock.yaml": "near", "a/b/rekiln.config.ts": config });
    const report = await inThread({}, join(root, "a/b/rekiln.config.ts"));
    expect(report).toMatchObject({ ok: true, code: { lockFile: digestOf("near") } });
  });
});

describe("the code fingerprint", () => {
  test.each([
    ["a helper", "lib/paths.ts", `export const pathOf = (film: { id: string }): string => "/" + film.id + "/";`],
    ["a helper's helper", "prefix.js", `export const prefix = "/movies/";`],
    ["imported JSON", "title.json", `"Movies"`],
    ["the lock file", "package-lock.json", `{ "lockfileVersion": 4 }`],
  ])("changes with %s", async (_what, name, content) => {
    await put(SITE);
    const before = await loaded();
    await put({ [name]: content });
    expect((await loaded()).fingerprint).not.toBe(before.fingerprint);
  });

  test("doesn't change with files that the config doesn't import, or other environment values", async () => {
    await put(SITE);
    const before = await loaded({ SITE_LANGUAGE: "en" });
    await put({ "unused.ts": "export const a = 1;", "node_modules/theme/README.md": "theme" });
    expect((await loaded({ SITE_LANGUAGE: "en", PATH: "/bin" })).fingerprint).toBe(before.fingerprint);
    expect((await loaded({ SITE_LANGUAGE: "fr" })).fingerprint).not.toBe(before.fingerprint);
  });

  test("follows an edit between two loads in one thread, CommonJS included", async () => {
    const edits = Object.entries({ "prefix.js": `export const prefix = "/a/";`, "old.cjs": `module.exports = "new";` });
    await put({ ...SITE, "old.cjs": `module.exports = "old";`, "edit.cjs": `require("./old.cjs");` });
    await put({
      "rekiln.config.ts": `${CONFIG}
import "./edit.cjs";
import { writeFileSync } from "node:fs";
for (const [name, content] of ${JSON.stringify(edits)}) writeFileSync(new URL(name, import.meta.url), content);`,
    });
    const request = { configFile, environment: {} };
    const digests = (await inProcess(request, request)).map((report) =>
      report.ok ? Object.fromEntries(report.code.modules.map(({ name, digest }) => [name, digest])) : {},
    );
    expect(digests).toMatchObject([
      { "prefix.js": digestOf(`export const prefix = "/films/";`), "old.cjs": digestOf(`module.exports = "old";`) },
      Object.fromEntries(edits.map(([name, content]) => [name, digestOf(content)])),
    ]);
  });
});

describe("a config that can't be loaded", () => {
  test("is named with its folder when it is missing", async () => {
    expect(await refused()).toMatchObject({
      code: "config-missing",
      disposition: "fatal",
      message: `rekiln.config.ts not found in ${root}`,
      hint: "Run it in the site's folder, name the config with --config, or make a site with rekiln init.",
    });
    expect(await refused(join(root, "no/such/folder.ts"))).toMatchObject({ code: "config-missing" });
    expect(await refused(root)).toMatchObject({ code: "config-missing" });
  });

  test.each([
    [
      "TypeScript that can't be parsed",
      { "lib/paths.ts": "\nexport const pathOf = ;" },
      /^lib\/paths\.ts:2: Expression expected$/,
      "SyntaxError",
    ],
    [
      "types that can't be stripped",
      { "lib/paths.ts": "enum A { B }" },
      /^lib\/paths\.ts:1: TypeScript enum is not supported/,
      "SyntaxError",
    ],
    [
      "JavaScript that can't be parsed",
      { "prefix.js": "export const = 1;" },
      /^prefix\.js: Unexpected token '='$/,
      "SyntaxError",
    ],
    [
      "CommonJS that can't be parsed",
      { "prefix.js": `import "./old.cjs"; export const prefix = "/";`, "old.cjs": "\n\nlet = ;" },
      /^old\.cjs:3: /,
      "SyntaxError",
    ],
    [
      "an export that isn't there",
      { "prefix.js": "export const prefx = 1;" },
      /^lib\/paths\.ts:1: .*'prefix'$/,
      "SyntaxError",
    ],
    ["JSON that can't be parsed", { "title.json": "{" }, /^title\.json: /, "SyntaxError"],
    [
      "an import of a file that isn't there",
      { "prefix.js": `import "./gone.js";` },
      /^prefix\.js: Cannot find module .*gone\.js/,
      "Error",
    ],
    [
      "an import of a package that isn't there",
      { "prefix.js": `import "gone";` },
      /^prefix\.js: Cannot find package 'gone'/,
      "Error",
    ],
    [
      "code that throws",
      { "prefix.js": `export const prefix = "/";\n\nthrow new RangeError("too far");` },
      /^prefix\.js:3: too far$/,
      "RangeError",
    ],
    [
      "code that throws no error",
      { "prefix.js": `export const prefix = "/";\nthrow null;` },
      /: threw null$/,
      undefined,
    ],
  ])("names the file with %s", async (_what, files, message, causedBy) => {
    await put({ ...SITE, ...files });
    const report = await refused();
    expect(report).toMatchObject({ code: "config-broken", disposition: "fatal", causedBy });
    expect(report.message).toMatch(message);
    expect(report.message).not.toContain("rekiln-load");
  });

  test("that package.json says is CommonJS is told to be a module", async () => {
    await put({ ...SITE, "package.json": `{ "type": "commonjs" }` });
    expect(await refused()).toMatchObject({
      message: "rekiln.config.ts:2: Cannot use import statement outside a module",
      hint: expect.stringContaining("npm pkg set type=module"),
    });
  });

  test("has all mistakes of its declaration in one message, a line each", async () => {
    await put({
      ...SITE,
      "rekiln.config.ts": CONFIG.replace(`"film", path`, `"flim", path`).replace(`"/search.json"`, `"/search"`),
    });
    const report = await refused();
    expect(report).toMatchObject({
      code: "config-invalid",
      disposition: "fatal",
      problemPaths: ["routes.film.each", "routes.search.path"],
    });
    expect(report.message.split("\n")).toEqual([
      "rekiln.config.ts has 2 mistakes:",
      "  routes.film.each: names the unknown entity type flim — write film",
      '  routes.search.path: "/search" ends neither in / nor in a file name with an extension — write a path like "/films/" or "/feed.xml"',
    ]);
  });
});
