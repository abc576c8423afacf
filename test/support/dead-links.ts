import { parse } from "parse5";
import type { DefaultTreeAdapterTypes } from "parse5";

import type { TemporarySite } from "./temporary-site.ts";

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

/**
 * Follows every address of a built site's pages that is below its url.
 * @param folders paths of folders that scripts put addresses together from
 */
export function deadLinks(
  site: TemporarySite,
  origin: string,
  folders: readonly string[] = [],
): { readonly dead: readonly string[]; readonly links: number } {
  const files = new Set(site.files());
  const dead = new Set<string>();
  let links = 0;
  for (const file of files) {
    if (!file.endsWith(".html")) continue;
    for (const address of addressesOf(site.read(`dist/${file}`))) {
      const url = new URL(address, new URL(file.replace(/index\.html$/, ""), `${origin}/`));
      if (url.origin !== origin) continue;
      const path = decodeURIComponent(url.pathname).slice(1);
      links++;
      const isFolder = folders.includes(path) && [...files].some((name) => name.startsWith(path));
      if (!isFolder && !files.has(path.endsWith("/") || path === "" ? `${path}index.html` : path))
        dead.add(`${file} → ${address}`);
    }
  }
  return { dead: [...dead], links };
}
