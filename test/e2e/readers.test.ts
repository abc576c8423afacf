import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { findCarrier } from "../../src/core/stamp.ts";
import { build, Running } from "../support/cli.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { redirectAddress } from "../../src/press/redirect-page.ts";
import { itemSite, itemsOf } from "./item-site.ts";

const PAGES = 400;
const TEMPLATE = `<!doctype html>
<title><%= it.item.title %></title>
<% for (let line = 0; line < 500; line++) { %>
<p><%= it.item.title %> has this line, number <%= line %></p>
<% } %>
<footer><%= it.item.title %></footer>
`;

interface Seen {
  reads: number;
  readonly torn: string[];
  readonly missing: string[];
  /** Generations of the pages that were read. */
  readonly titles: Set<string>;
}

/** Reads the pages of a site over and over until it is told to stop. */
async function poll(site: TemporarySite, isOver: () => boolean): Promise<Seen> {
  const seen: Seen = { reads: 0, torn: [], missing: [], titles: new Set() };
  for (let number = 0; !isOver(); number = (number + 7) % PAGES) {
    const file = `items/i${number}/index.html`;
    const html = await readFile(join(site.folder, "dist", file), "utf8").catch(() => undefined);
    seen.reads++;
    if (html === undefined) {
      seen.missing.push(file);
      continue;
    }
    const title = /<title>(.*)<\/title>/.exec(html)?.[1] ?? "";
    const isWhole = html.includes(`<footer>${title}</footer>`) && findCarrier("html", html) !== undefined;
    if (!isWhole || html.split(title).length !== 503) seen.torn.push(file);
    seen.titles.add(title);
  }
  return seen;
}

test(
  "a reader never sees half a page or a missing one while builds replace them and are killed",
  { timeout: 90_000 },
  async () => {
    const site = itemSite(itemsOf(PAGES), TEMPLATE);
    const { seconds } = await build(site.folder);
    let isOver = false;
    const polled = poll(site, () => isOver);

    for (let generation = 1; generation <= 6; generation++) {
      site.records(
        "item",
        itemsOf(PAGES).map((item) => ({ ...item, title: `Generation ${generation}` })),
      );
      const running = new Running(site.folder, generation === 4 ? ["build", "--force"] : ["build"]);
      const timer = setTimeout(() => running.kill("SIGKILL"), seconds * 1000 * (0.4 + generation / 12));
      await running.ended;
      clearTimeout(timer);
    }
    expect((await build(site.folder)).exitCode).toBe(0);
    isOver = true;

    const seen = await polled;
    expect({ torn: seen.torn, missing: seen.missing }).toEqual({ torn: [], missing: [] });
    // It did read them while they changed.
    expect(seen.titles.size).toBeGreaterThan(3);
    expect(seen.reads).toBeGreaterThan(1000);
  },
);

/** Follows redirects from a path to a page, as a browser does; undefined when it comes to nothing. */
async function follow(site: TemporarySite, path: string): Promise<string | undefined> {
  let address = path;
  for (let hop = 0; hop < 4; hop++) {
    const html = await readFile(join(site.folder, "dist", address, "index.html"), "utf8").catch(() => undefined);
    if (html === undefined) return undefined;
    const next = redirectAddress(html);
    if (next === undefined) return html;
    address = next;
  }
  return undefined;
}

/** Follows the first path of each of `count` items over and over; gives how often, and what it missed. */
async function pollFirstPaths(site: TemporarySite, count: number, isOver: () => boolean) {
  const missing: string[] = [];
  let reads = 0;
  for (let number = 0; !isOver(); number = (number + 7) % count) {
    const html = await follow(site, `/items/i${number}-0/`);
    reads++;
    if (html?.includes(`<title>Item ${number}</title>`) !== true) missing.push(`item ${number}: ${html}`);
  }
  return { reads, missing };
}

test(
  "a reader always finds a page at its first path while builds rename it and are killed",
  { timeout: 90_000 },
  async () => {
    const count = 100;
    const renamed = (generation: number) =>
      itemsOf(count).map((item, index) => ({ ...item, slug: `i${index}-${index % 2 === 0 ? generation : 0}` }));
    const site = itemSite(renamed(0));
    const { seconds } = await build(site.folder);
    let isOver = false;
    const polled = pollFirstPaths(site, count, () => isOver);

    for (let generation = 1; generation <= 6; generation++) {
      site.records("item", renamed(generation % 4));
      const running = new Running(site.folder, ["build"]);
      const timer = setTimeout(() => running.kill("SIGKILL"), seconds * 1000 * (0.5 + generation / 10));
      await running.ended;
      clearTimeout(timer);
    }
    expect((await build(site.folder)).exitCode).toBe(0);
    isOver = true;

    const seen = await polled;
    expect(seen.missing).toEqual([]);
    expect(seen.reads).toBeGreaterThan(500);
    expect(site.redirects()["items/i2-0/index.html"]).toBe("/items/i2-2/");
  },
);
