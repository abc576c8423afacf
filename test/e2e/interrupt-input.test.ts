import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, onTestFinished, test } from "vitest";

import { build } from "../support/cli.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { embeddedSite } from "./embedded-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import { tethered } from "../support/tethered.ts";

const CLI = fileURLToPath(new URL("../../lib/src/cli/rekiln.js", import.meta.url));

interface Interrupted {
  readonly code: number | null;
  readonly said: unknown;
}

/** Runs a command that has read one line and waits for more; told to stop once `isReady`, which is asked when something in `folder` changes. */
async function interruptedAt(
  site: TemporarySite,
  args: readonly string[],
  line: string,
  folder: string,
  isReady: () => boolean,
  environment: Readonly<Record<string, string>> = {},
): Promise<Interrupted> {
  const watcher = watch(folder);
  const child = spawn(...tethered(process.execPath, [CLI, ...args, "--json"]), {
    cwd: site.folder,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin.write(line);
  while (!isReady()) await once(watcher, "change");
  watcher.close();
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said: JSON.parse(said) as unknown };
}

test(
  "Ctrl-C while changes are still coming publishes nothing and leaves nothing behind",
  { timeout: 60_000 },
  async () => {
    const site = filmSite(filmsOf(2));
    await build(site.folder);
    const temporary = mkdtempSync(join(tmpdir(), "rekiln-test-"));
    onTestFinished(() => rmSync(temporary, { recursive: true, force: true }));
    const isReady = (): boolean => readdirSync(temporary).length > 0;
    const stopped = await interruptedAt(site, ["publish", "--stdin"], '{"entity":"film:1"}\n', temporary, isReady, {
      TMPDIR: temporary,
    });
    expect(stopped).toMatchObject({ code: 130, said: { interrupted: true, exitCode: 130 } });
    expect(readdirSync(temporary)).toEqual([]);
  },
);

test("Ctrl-C ends an import that waits for more", { timeout: 60_000 }, async () => {
  const site = embeddedSite();
  const state = (): boolean => existsSync(join(site.folder, ".rekiln"));
  const line = `${JSON.stringify(filmOf(1))}\n`;
  const stopped = await interruptedAt(site, ["import", "--type", "film"], line, site.folder, state);
  expect(stopped).toMatchObject({ code: 130, said: { interrupted: true, refusedCount: 0, exitCode: 130 } });
});
