import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { referenceText } from "../../scripts/reference/reference-text.ts";
import { createProgram } from "../../src/cli/program.ts";
import { commandsOf } from "../support/docs-commands.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { embeddedSite } from "./embedded-site.ts";
import { tethered } from "../support/tethered.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url.split("?")[0]));
const MAIN = join(ROOT, "lib/src/cli/rekiln.js");
const DOCS = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Commands that aren't run here, each with the reason. */
const NOT_RUN: ReadonlyMap<string, string> = new Map([
  ["npm ci && npm run demo", "CI runs the demo, after this"],
  ["npm ci && npm test", "it is what runs this"],
  ["npm ci && npm run compile", "the guide's own test types it"],
  ["npm init -y && npm pkg set type=module && npm install ../rekiln zod", "the guide's own test types it"],
  ["npx rekiln init my-site", "the test of init types it, from the package that users install"],
  ["cd my-site", "as above"],
  ["npm install", "as above"],
]);
/** Commands that go on until they are stopped, with what they say when they are ready; nothing: they are stopped soon. */
const LASTING: readonly { readonly command: RegExp; readonly says: RegExp }[] = [
  { command: /rekiln serve(?! --print)/, says: /is served at/ },
  { command: /rekiln dev/, says: /rekiln dev is at/ },
  { command: /rekiln work(?!.*--until-empty)/, says: /Working with/ },
  { command: /rekiln status --watch/, says: /published/ },
];

const readDocs = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** A site that has what the docs' commands ask for: entities 42 to 44, and the files that they name. */
function docsSite(): TemporarySite {
  const site = embeddedSite();
  const film = (id: string) => ({ id, title: `Film ${id}`, genres: ["horror"] });
  site.records("film", ["42", "43", "44"].map(film));
  site.write("data/director.ndjson", "");
  for (const name of ["film.json", "alien.json", "suspiria.json", "new.json"])
    site.write(name, JSON.stringify({ title: "Suspiria", genres: ["horror"] }));
  site.write("changes.ndjson", '{"entity":"film:43"}\n');
  // A schema that takes what the guide's patches name, and its second type.
  site.edit("rekiln.config.ts", "title: z.string(),", "title: z.string(), rating: z.number().default(5),");
  site.edit("rekiln.config.ts", "});\n\nexport", "  director: entity(z.object({ id: z.string() })),\n});\n\nexport");
  site.write("bin/rekiln", `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  site.write("bin/npx", '#!/bin/sh\nexec "$@"\n');
  for (const name of ["rekiln", "npx"]) chmodSync(join(site.folder, "bin", name), 0o755);
  return site;
}

async function run(
  site: TemporarySite,
  command: string,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const lasting = LASTING.find((one) => one.command.test(command));
  const env = { ...process.env, PATH: `${join(site.folder, "bin")}:${process.env["PATH"] ?? ""}` };
  const script = `exec 2>&1; ${lasting === undefined ? "" : "exec "}${command}`;
  const child = spawn(...tethered("/bin/sh", ["-c", script]), {
    cwd: site.folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  const heard = Promise.withResolvers<void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (lasting?.says.test(said) === true) heard.resolve();
  });
  const ended = once(child, "close") as Promise<[number | null]>;
  if (lasting !== undefined) {
    await Promise.race([heard.promise, ended]);
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  }
  const [code] = await ended;
  return { code, said };
}

test("every command in the docs runs, in their order", { timeout: 600_000 }, async () => {
  const site = docsSite();
  const commands = DOCS.flatMap(commandsOf).filter(({ text }) => !NOT_RUN.has(text));
  expect(commands.length).toBeGreaterThan(10);
  await run(site, "rekiln import data/film.ndjson && rekiln build");
  for (const { file, text } of commands) {
    const { code, said } = await run(site, text.replace("rekiln serve", "rekiln serve --port 0"));
    expect({ file, text, code, said }).toEqual({ file, text, code: 0, said });
  }
});

test("commands that aren't run are still in the docs", () => {
  const all = new Set(DOCS.flatMap(commandsOf).map(({ text }) => text));
  expect([...NOT_RUN.keys()].filter((text) => !all.has(text))).toEqual([]);
});

test("commands and options that the docs name in passing exist", async () => {
  const program = await createProgram("0");
  const known = new Map(program.commands.map((command) => [command.name(), command]));
  const wrong: string[] = [];
  for (const file of DOCS.filter((name) => name !== "docs/reference.md")) {
    const text = readDocs(file);
    for (const [, name = "", rest = ""] of text.matchAll(/`(?:npx )?rekiln ([a-z]+)((?: [^`]*)?)`/g)) {
      const command = known.get(name);
      const flags = [...rest.matchAll(/(?<= )--[a-z-]+/g)].map(([flag]) => flag);
      const inner = command?.commands.find((one) => rest.trim().startsWith(one.name()));
      const options = new Set([...(command?.options ?? []), ...(inner?.options ?? [])].map(({ long }) => long));
      if (command === undefined) wrong.push(`${file}: rekiln ${name}`);
      for (const flag of flags) if (!options.has(flag)) wrong.push(`${file}: rekiln ${name} ${flag}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("docs/reference.md is what the code says", async () => {
  expect(readDocs("docs/reference.md"), "npm run reference").toBe(await referenceText());
});
