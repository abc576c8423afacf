import { join } from "node:path";

import { parse } from "parse5";
import type { DefaultTreeAdapterTypes } from "parse5";
import { expect, test } from "vitest";

import { htmlFilesBelow, validateHtml } from "../../scripts/validate-html.ts";
import { build } from "../support/cli.ts";
import { packageSite } from "./package-site.ts";

const ADDRESSES = new Set(["href", "src", "action", "data-index", "data-packages"]);

/** Every address in a page. */
function addressesOf(html: string): readonly string[] {
  const found: string[] = [];
  const walk = (node: DefaultTreeAdapterTypes.Node): void => {
    if ("attrs" in node) for (const { name, value } of node.attrs) if (ADDRESSES.has(name)) found.push(value);
    if ("childNodes" in node) for (const child of node.childNodes) walk(child);
  };
  walk(parse(html));
  return found;
}

test(
  "the package catalogue builds into valid, accessible pages whose links all lead somewhere",
  { timeout: 120_000 },
  async () => {
    const site = packageSite();

    const built = await build(site.folder);

    expect(built).toMatchObject({ exitCode: 0, failed: 0, errors: [], collided: {} });
    expect(built.pages).toBeGreaterThan(500);
    const files = new Set(site.files());
    const dead = new Set<string>();
    let links = 0;
    for (const file of files) {
      if (!file.endsWith(".html")) continue;
      for (const address of addressesOf(site.read(`dist/${file}`))) {
        const url = new URL(address, new URL(file.replace(/index\.html$/, ""), "https://packages.example/"));
        if (url.origin !== "https://packages.example") continue;
        const path = decodeURIComponent(url.pathname).slice(1);
        links++;
        const isFolder = ["search/", "packages/"].includes(path) && [...files].some((name) => name.startsWith(path));
        if (!isFolder && !files.has(path.endsWith("/") || path === "" ? `${path}index.html` : path))
          dead.add(`${file} → ${address}`);
      }
    }
    expect([...dead]).toEqual([]);
    expect(links).toBeGreaterThan(5000);

    const pages = await htmlFilesBelow(join(site.folder, "dist"));
    const problems = await validateHtml(pages);
    expect(problems.map(({ file, line, rule, message }) => `${file}:${line} ${rule}: ${message}`)).toEqual([]);

    expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0, pressed: 0 });
  },
);
