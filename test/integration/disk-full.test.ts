import { readdirSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { machineError } from "../../src/cli/machine-error.ts";
import { RekilnError } from "../../src/core/errors.ts";
import { FaultyDisk } from "../support/faulty-disk.ts";
import { storedFiles } from "../support/live-files.ts";
import type { ModelRoute } from "../support/model-site.ts";
import { PLAIN_ROUTE, SmallSite } from "../support/small-site.ts";
import type { Fields } from "../support/small-site.ts";

const ROUTES: readonly ModelRoute[] = [
  {
    ...PLAIN_ROUTE,
    each: { type: 0 },
    named: "slug",
    prints: [[{ print: "subject", use: ["title"] }]],
  },
  {
    ...PLAIN_ROUTE,
    each: { type: 0, field: "kind" },
    prefix: "kinds",
    list: { of: 0, where: { kind: { ofSubject: "kind" } }, orderBy: ["rank"], perPage: 2 },
    prints: [[{ print: "total" }, { print: "items", use: ["title"] }]],
  },
];

const BEFORE: Readonly<Record<string, Fields>> = {
  a: { slug: "a", kind: "x", rank: 1, title: "A" },
  b: { slug: "b", kind: "x", rank: 2, title: "B" },
  c: { slug: "c", kind: "x", rank: 3, title: "C" },
};

function edit(site: SmallSite): void {
  site.put("a", { title: "changed" });
  site.put("b", { slug: "renamed", kind: "y" });
  site.delete("c");
}

/** Everything that stands in a store, but for stamps: pages, sitemaps, redirects. */
function contentOf({ folders }: SmallSite): object {
  const { live, redirects } = storedFiles(folders.store);
  return { live: Object.fromEntries(live), redirects: Object.fromEntries(redirects) };
}

function saysWhatToDo(error: unknown): boolean {
  return (error instanceof RekilnError && error.hint !== undefined) || machineError(error) !== undefined;
}

/** Runs something with a full disk at each of its writes, one after the other. @returns what those were */
async function atEachWrite(run: (disk: FaultyDisk, site: SmallSite) => Promise<void>): Promise<string> {
  const hits: string[] = [];
  for (;;) {
    const site = new SmallSite(ROUTES, BEFORE);
    using disk = new FaultyDisk(site.folders.store, site.folders.state);
    const at = hits.length;
    try {
      await run(disk, site);
    } catch (error) {
      throw new Error(`at write ${at}, ${disk.hit}`, { cause: error });
    }
    if (disk.hit === undefined) return hits.join("\n");
    hits.push(disk.hit);
  }
}

test("a build whose disk is full at any of its writes says what to do, and the next one goes on", async () => {
  const whole = new SmallSite(ROUTES, BEFORE);
  await whole.build();
  let at = 0;
  const hits = await atEachWrite(async (disk, site) => {
    disk.arm("full", at++);
    const failed = await site.build().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (disk.hit !== undefined) expect(saysWhatToDo(failed), String(failed)).toBe(true);
    disk.restart();
    await site.build();
    expect(contentOf(site)).toEqual(contentOf(whole));
  });
  for (const write of ["INSERT INTO e1", "main-record", "index.html", "INTO page ", "sitemap"]) {
    expect(hits).toContain(write);
  }
});

test("a worker whose disk is full at any of its writes says so, spends no message, and goes on by itself", async () => {
  const clean = new SmallSite(ROUTES, BEFORE);
  await clean.build();
  edit(clean);
  await clean.drain();
  let at = 0;
  const hits = await atEachWrite(async (disk, site) => {
    await site.build();
    edit(site);
    const said: string[] = [];
    disk.arm("full", at++);
    const drained = await site.drain({ warn: (message) => said.push(message) }).catch((error: unknown) => error);
    disk.restart();
    for (const [name, { key }] of storedFiles(site.folders.store).live) expect(key, name).not.toBe("no stamp");
    if (drained instanceof Error) {
      // It hadn't begun to work: its data couldn't be taken in, or it couldn't open what it works with.
      expect(saysWhatToDo(drained), String(drained)).toBe(true);
      expect(said).toEqual([]);
      await site.drain();
    } else {
      expect(drained).toMatchObject({ dead: 0, tally: { failed: new Map() } });
      expect(said.every((message) => message.includes("Make room")) && said.length > 0).toBe(disk.hit !== undefined);
      expect(readdirSync(join(site.folders.store, ".rekiln/tmp"))).toEqual([]);
    }
    expect(contentOf(site)).toEqual(contentOf(clean));
  });
  for (const write of ["queued = 1", "touched", "UPDATE page", "left_path", "tmp/thread", "tmp/main", "INTO sitemap"]) {
    expect(hits).toContain(write);
  }
});
