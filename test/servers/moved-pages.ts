import { redirectAddress } from "../../src/press/redirect-page.ts";
import { redirectTo } from "../integration/serve/redirect-file.ts";

const MOVED = {
  "/films/old/": "/films/new/",
  "/old.html": "/films/amélie 1979/",
  "/films/a $b/": "/films/new/",
  "/films/`{path}` {$HOME}/": "/films/{path}/",
  '/films/"quoted"; é/': "/films/it's & <b>/",
};
const GONE = ["/films/gone/", "/gone.txt", "/films/`{gone}`/", "/films/back/"];
const KNOWN = ["/films/none/", "/films/back/", "/films/new/"];

/** Pages that have moved or are gone, for another server: with the files that are there, and what to ask for. */
export function movedPages(base: string) {
  const files: Record<string, string> = {
    // Published again since.
    "site/films/back/index.html": "back",
    "site/films/new/index.html": "new",
  };
  const moved = new Map<string, string>();
  for (const [from, to] of Object.entries(MOVED)) {
    const html = redirectTo(to, base);
    files[`site${from.endsWith("/") ? `${from}index.html` : from}`] = html;
    moved.set(from, redirectAddress(html) ?? "");
  }
  const paths = [...moved.keys(), ...GONE, ...KNOWN].map(encodeURI);
  const folders = paths.filter((path) => path.endsWith("/"));
  const targets = [
    ...paths,
    ...paths.map((path) => `${path}?a=b&c=/d`),
    ...folders.map((path) => path.slice(0, -1)),
    ...folders.map((path) => `${path}index.html`).filter((path) => !path.includes("/new/")),
  ];
  return { files, moved, gone: GONE, targets: targets.map((target) => base + target) };
}
