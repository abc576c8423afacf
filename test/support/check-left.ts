import type { Manifest } from "../../src/manifest/manifest.ts";
import { clash, wantedOf } from "../../src/press/path-claims.ts";
import type { WantedPath } from "../../src/press/path-claims.ts";
import type { StoredFiles } from "./live-files.ts";

function at(path: string): WantedPath {
  const wanted = wantedOf(path);
  if (wanted === undefined) throw new Error(`${path} is no path`);
  return wanted;
}

const ofFile = (file: string): WantedPath => at(`/${file.replace(/(^|\/)index\.html$/, "$1")}`);

/**
 * What is wrong with the redirects and tombstones of a site that was built: none may stand where a page does, each
 * redirect must lead to a page, and the manifest must know of exactly these.
 */
export function problemsOfLeft(manifest: Manifest, base: string, { live, redirects }: StoredFiles): readonly string[] {
  const problems: string[] = [];
  const pages = [...live.keys()].map(ofFile);
  const left = [...manifest.left.all()].flat();
  for (const { path, kind } of left) {
    const page = pages.find((one) => clash(one, at(path)));
    if (page !== undefined) problems.push(`${kind} at ${path} stands where the page at ${page.path} does`);
    const hasFile = redirects.has(at(path).key);
    if (hasFile !== (kind === "redirect")) problems.push(`${kind} at ${path} ${hasFile ? "has a" : "has no"} file`);
  }
  const known = new Set<string>(left.map(({ path }) => at(path).key));
  for (const [file, address] of redirects) {
    if (!known.has(file)) problems.push(`redirect ${file} isn't in the manifest`);
    const target = decodeURIComponent(address.slice(base.length));
    if (!address.startsWith(base) || !live.has(at(target).key)) problems.push(`redirect ${file} leads to ${address}`);
  }
  return problems;
}
