import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";

import { packPackage } from "../../scripts/pack.ts";
import { rekiln } from "../support/cli.ts";
import { TemporarySite } from "../support/temporary-site.ts";

const run = promisify(execFile);
const OUTCOME = z.object({
  schema: z.literal("rekiln.init.1"),
  dryRun: z.boolean(),
  folder: z.string(),
  template: z.string(),
  written: z.array(z.string()),
  kept: z.array(z.string()),
  next: z.array(z.string()),
});

async function init(folder: string, ...args: readonly string[]): Promise<z.infer<typeof OUTCOME>> {
  const { code, stdout, stderr } = await rekiln(folder, "init", "--json", ...args);
  if (code !== 0) throw new Error(`init ended with ${code}: ${stderr}`);
  return OUTCOME.parse(JSON.parse(stdout));
}

/** A folder outside of the project, which has nothing that a site could borrow. */
function foreignFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rekiln-init-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("from the packed package to a built site, in an empty folder of a newcomer", { timeout: 180_000 }, async () => {
  const folder = foreignFolder();
  const site = join(folder, "my site");
  const tarball = packPackage(folder);
  const { stdout: listed } = await run("tar", ["tzf", tarball]);
  expect(listed).not.toMatch(/\/(?:src|test|scripts)\/[^\n]*(?<!\.d)\.ts\n|updates|\.test\./);
  const own = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse((await run("tar", ["xzfO", tarball, "package/package.json"])).stdout));
  for (const field of ["private", "devDependencies", "optionalDependencies", "overrides", "scripts"]) {
    expect(own).not.toHaveProperty(field);
  }

  // What `npx rekiln` does, with the package from here.
  const npm = async (cwd: string, ...args: readonly string[]) =>
    run("npm", [...args, "--no-audit", "--no-fund", "--prefer-offline"], { cwd });
  writeFileSync(join(folder, "package.json"), "{}");
  await npm(folder, "install", tarball);
  const cli = join(folder, "node_modules/.bin/rekiln");
  const { stdout } = await run(cli, ["init", "my site", "--yes"], { cwd: folder });
  expect(stdout).toMatch(/Next:\n {2}cd "my site"\n {2}npm install\n {2}npx rekiln dev\n$/);
  // The package file asks for the very tarball: no registry has it.
  expect(readFileSync(join(site, "package.json"), "utf8")).toContain(JSON.stringify(`file:${tarball}`));
  await npm(site, "install");
  const built = await run("npx", ["rekiln", "build"], { cwd: site });
  expect(built.stdout).toContain("62 pages in dist");
  expect(readFileSync(join(site, "dist/bodies/europa/index.html"), "utf8")).toContain("<h1>Europa</h1>");
  // Its types are there for an editor.
  await run(process.execPath, [join(import.meta.dirname, "../../node_modules/typescript/bin/tsc"), "-p", site]);
});

test("writes a site of each template, with what version control leaves out", { timeout: 60_000 }, async () => {
  const { folder } = new TemporarySite();
  for (const template of ["starter", "packages"]) {
    const outcome = await init(folder, template, "--template", template);
    expect(outcome).toMatchObject({ template, dryRun: false, kept: [], folder: join(folder, template) });
    expect(outcome.next).toEqual([`cd ${template}`, "npm install", "npx rekiln dev"]);
    for (const file of outcome.written) expect(existsSync(join(folder, template, file)), file).toBe(true);
    expect(outcome.written).toEqual(
      expect.arrayContaining([".gitignore", "README.md", "package.json", "rekiln.config.ts"]),
    );
    const ignored = readFileSync(join(folder, template, ".gitignore"), "utf8");
    expect(ignored.split("\n")).toEqual(["node_modules/", "dist/", ".rekiln/", ".env", ""]);
    // No registry has a clone of rekiln.
    expect(JSON.parse(readFileSync(join(folder, template, "package.json"), "utf8"))).toMatchObject({
      name: template,
      dependencies: { rekiln: `file:${join(import.meta.dirname, "../..")}` },
    });
  }
});

test("never replaces a file unasked", { timeout: 60_000 }, async () => {
  const site = new TemporarySite({
    "package.json": JSON.stringify({ name: "mine", type: "commonjs", dependencies: { zod: "^4" } }),
    "README.md": "mine",
    ".gitignore": "node_modules\n*.log",
    "static/site.css": "mine",
  });
  const before = site.read("package.json");
  const refused = await rekiln(site.folder, "init");
  expect(refused).toMatchObject({ code: 3, stdout: "" });
  expect(refused.stderr).toMatch(/static\/site\.css\. Nothing was written\.\n.*--force/);
  expect(existsSync(join(site.folder, "rekiln.config.ts"))).toBe(false);

  const planned = await init(site.folder, "--force", "--dry-run");
  expect(existsSync(join(site.folder, "rekiln.config.ts"))).toBe(false);
  expect(planned.written).toContain("static/site.css");

  const forced = await init(site.folder, "--force");
  expect(forced.kept).toEqual(["package.json"]);
  expect(forced.next).toEqual([
    "npm pkg set type=module",
    expect.stringMatching(/^npm install markdown-it@\S+ rekiln@\S+$/),
    "npx rekiln dev",
  ]);
  expect(site.read("package.json")).toBe(before);
  expect(site.read("static/site.css")).not.toBe("mine");
  expect(site.read(".gitignore")).toBe("node_modules\n*.log\ndist/\n.rekiln/\n.env\n");
  site.remove("static/site.css");
  for (const file of forced.written)
    if (file !== "README.md" && file !== ".gitignore") rmSync(join(site.folder, file), { force: true });
  site.write("README.md", "mine again");
  expect((await init(site.folder)).kept).toEqual(["README.md", "package.json"]);
  expect(site.read("README.md")).toBe("mine again");
});

test.each([
  ["asks at a terminal what isn't said", ["\r", "\u001b[B\r"], 0],
  ["writes nothing when a question is left", ["\r", "\u0003"], 130],
])("%s", { timeout: 30_000 }, async (_, [first = "", second = ""], code) => {
  const { folder } = new TemporarySite();
  const main = join(import.meta.dirname, "../../lib/src/cli/rekiln.js");
  // A terminal of its own, as util-linux makes it.
  const command = `stty cols 80 rows 24; ${process.execPath} ${main} init`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { cwd: folder, stdio: "pipe" });
  const closed = once(child, "close");
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const asked = async (question: string): Promise<void> => {
    while (!said.includes(question)) await once(child.stdout, "data");
  };
  await asked("Where shall the site be?");
  child.stdin.write(first);
  await asked("What shall it begin with?");
  child.stdin.write(second);
  expect((await closed)[0]).toBe(code);
  expect(existsSync(join(folder, "my-site/rekiln.config.ts"))).toBe(code === 0);
  expect(said.includes("from the template packages")).toBe(code === 0);
});
