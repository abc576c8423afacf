/** What a request path means, before anyone looks at the disk. */
export type DecodedPath =
  | { readonly kind: "path"; readonly segments: readonly string[]; readonly endsInSlash: boolean }
  /** No URL of this site was ever written like this: 400. */
  | { readonly kind: "malformed"; readonly reason: "bad-escape" | "dot-segment" | "separator-or-control" }
  /** Well formed, but nothing here is served: 404. */
  | { readonly kind: "hidden"; readonly reason: "empty-segment" | "dot-file" };

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const separatorOrControl = /[/\\\u0000-\u001f\u007f-\u009f]/;

/**
 * Decodes the escapes of a path that starts with `/`, once. The segments of a `path` are never empty, `.`, `..` or
 * hidden, and hold no separator and no control character, so they can be joined below a folder without leaving it.
 */
export function decodePath(path: string): DecodedPath {
  const rawSegments = path.slice(1).split("/");
  const endsInSlash = rawSegments.at(-1) === "";
  if (endsInSlash) rawSegments.pop();
  const segments: string[] = [];
  for (const rawSegment of rawSegments) {
    const segment = decodeSegment(rawSegment);
    if (segment === undefined) return { kind: "malformed", reason: "bad-escape" };
    if (segment === "") return { kind: "hidden", reason: "empty-segment" };
    if (separatorOrControl.test(segment)) return { kind: "malformed", reason: "separator-or-control" };
    if (segment === "." || segment === "..") return { kind: "malformed", reason: "dot-segment" };
    if (isHiddenName(segment)) return { kind: "hidden", reason: "dot-file" };
    segments.push(segment);
  }
  return { kind: "path", segments, endsInSlash };
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/**
 * Whether a file or folder of this name is never served: dot files such as `.rekiln` and `.git`, but not `.well-known`.
 */
export function isHiddenName(name: string): boolean {
  return name.startsWith(".") && name !== ".well-known";
}
