import { RekilnError } from "../core/errors.ts";
import { decodePath } from "./decode-path.ts";

/**
 * The segments of a site's base: none for `""`, `["films"]` for `"/films"`.
 * @throws RekilnError `base-invalid` for anything that no request could match.
 */
export function parseBase(base: string): readonly string[] {
  if (base === "") return [];
  const decoded = base.startsWith("/") ? decodePath(base) : undefined;
  if (decoded?.kind === "path" && !decoded.endsInSlash && !/[?#]/.test(base)) return decoded.segments;
  throw new RekilnError({
    code: "base-invalid",
    message: `The base ${JSON.stringify(base)} is not a path that a site can answer below.`,
    disposition: "fatal",
    hint: 'Use "" or a path such as "/films", without a slash at its end.',
  });
}
