import type { DecodedPath } from "./decode-path.ts";
import type { SiteFile } from "./open-site-file.ts";
import { openSiteFile } from "./open-site-file.ts";
import { redirectOfFile } from "./redirect-of-file.ts";

export type Located =
  /** `key` is the object key of the file; whoever gets it closes `file.handle`. */
  | { readonly kind: "file"; readonly key: string; readonly file: SiteFile & { readonly kind: "file" } }
  /** `location` is a path of this site: it starts with one `/`. */
  | { readonly kind: "redirect"; readonly status: 301 | 302; readonly location: string }
  /** `path` is decoded and without the base; undefined outside of it. */
  | { readonly kind: "missing"; readonly path: string | undefined };

/**
 * Finds what a path of the site stands for. A folder answers at its path with a slash, through its `index.html`; the
 * same page without the slash, or with `index.html` spelled out, redirects there and keeps `query`; so does the file that
 * a page which has moved left behind. Outside `base` only `/` is known.
 */
export async function locate(
  root: string,
  base: readonly string[],
  path: DecodedPath & { readonly kind: "path" },
  query: string,
): Promise<Located> {
  const { segments, endsInSlash } = path;
  if (base.length > 0 && segments.length === 0) return redirect(302, base, query);
  if (base.some((segment, index) => segment !== segments[index])) return { kind: "missing", path: undefined };
  const inside = segments.slice(base.length);
  if (endsInSlash) {
    const file = await openSiteFile(root, [...inside, "index.html"]);
    return file.kind === "file" ? await foundFile([...inside, "index.html"], file, query) : missingFolder(inside);
  }
  if (inside.length === 0) return redirect(301, base, query);
  if (inside.at(-1) === "index.html") {
    const folder = inside.slice(0, -1);
    return (await hasFile(root, inside)) ? redirect(301, segments.slice(0, -1), query) : missingFolder(folder);
  }
  const file = await openSiteFile(root, inside);
  if (file.kind === "file") return await foundFile(inside, file, query);
  if (file.kind === "folder" && (await hasFile(root, [...inside, "index.html"]))) return redirect(301, segments, query);
  return { kind: "missing", path: `/${inside.join("/")}` };
}

function missingFolder(inside: readonly string[]): Located {
  return { kind: "missing", path: `/${inside.map((segment) => `${segment}/`).join("")}` };
}

async function foundFile(
  segments: readonly string[],
  file: SiteFile & { readonly kind: "file" },
  query: string,
): Promise<Located> {
  const key = segments.join("/");
  let isHandedOut = false;
  try {
    const address = await redirectOfFile(key, file);
    if (address !== undefined) return { kind: "redirect", status: 301, location: address + query };
    isHandedOut = true;
    return { kind: "file", key, file };
  } finally {
    if (!isHandedOut) await file.handle.close();
  }
}

async function hasFile(root: string, segments: readonly string[]): Promise<boolean> {
  const file = await openSiteFile(root, segments);
  if (file.kind !== "file") return false;
  await file.handle.close();
  return true;
}

/** Segments are never empty, so the location can't start with `//` and name another host. */
function redirect(status: 301 | 302, folder: readonly string[], query: string): Located {
  return {
    kind: "redirect",
    status,
    location: `/${folder.map((name) => `${encodeURIComponent(name)}/`).join("")}${query}`,
  };
}
