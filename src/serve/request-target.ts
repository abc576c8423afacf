/** A request target taken apart, nothing decoded. */
interface RequestTarget {
  /** Host and port of an absolute-form target, which then count instead of the Host header (RFC 9112, 3.2.2). */
  readonly authority: string | undefined;
  /** Starts with `/`. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
}

const visibleAscii = /^[\x21-\x7e]+$/;
const absoluteForm = /^https?:\/\/([^/?@]+)((?:[/?].*)?)$/i;

/**
 * Splits the target of a GET or HEAD request in origin form (`/films/?page=2`) or absolute form (`http://host/films/`).
 * Gives undefined for every other form, for a fragment, and for anything but visible ASCII.
 * The URL class is not used because it resolves dot segments and turns `\` into `/`.
 */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  if (!visibleAscii.test(target) || target.includes("#")) return undefined;
  const [, authority, rest = target] = absoluteForm.exec(target) ?? [];
  const local = authority !== undefined && !rest.startsWith("/") ? `/${rest}` : rest;
  if (!local.startsWith("/")) return undefined;
  const queryStart = local.indexOf("?");
  return queryStart === -1
    ? { authority, path: local, query: "" }
    : { authority, path: local.slice(0, queryStart), query: local.slice(queryStart) };
}
