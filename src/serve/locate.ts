import type { DecodedPath } from "./decode-path.ts";
import type { SiteFile } from "./open-site-file.ts";
import { openSiteFile } from "./open-site-file.ts";

export type Located =
  /** `key` is the object key of the file; whoever gets it closes `file.handle`. */
  | { readonly kind: "file"; readonly key: string; readonly file: SiteFile & { readonly kind: "file" } }
  /** `location` is a path of this site: it starts with one `/`. */
  | { readonly kind: "redirect"; readonly status: 301 | 302; readonly location: string }
  | { readonly kind: "missing" };

const missing: Located = { kind: "missing" };

/**
 * Finds what a path of the site stands for. A folder answers at its path with a slash, through its `index.html`; the
 * same page without the slash, or with `index.html` spelled out, redirects there and keeps `query`. Outside `base` only
 * `/` is known.
 */
export async function locate(
  root: string,
  base: readonly string[],
  path: DecodedPath & { readonly kind: "path" },
  query: string,
): Promise<Located> {
  const { segments, endsInSlash } = path;
  if (base.length > 0 && segments.length === 0) return redirect(302, base, query);
  if (base.some((segment, index) => segment !== segments[index])) return missing;
  const inside = segments.slice(base.length);
  if (endsInSlash) return await locateFile(root, [...inside, "index.html"]);
  if (inside.length === 0) return redirect(301, base, query);
  if (inside.at(-1) === "index.html") {
    return (await hasFile(root, inside)) ? redirect(301, segments.slice(0, -1), query) : missing;
  }
  const file = await openSiteFile(root, inside);
  if (file.kind === "file") return { kind: "file", key: inside.join("/"), file };
  if (file.kind === "folder" && (await hasFile(root, [...inside, "index.html"]))) return redirect(301, segments, query);
  return missing;
}

async function locateFile(root: string, segments: readonly string[]): Promise<Located> {
  const file = await openSiteFile(root, segments);
  return file.kind === "file" ? { kind: "file", key: segments.join("/"), file } : missing;
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
