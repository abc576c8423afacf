import { digestOf } from "../../../src/core/digest.ts";
import { pageKey } from "../../../src/core/page.ts";
import { carriedKey } from "../../../src/core/stamp.ts";
import { redirectBody, redirectCarrier } from "../../../src/press/redirect-page.ts";
import { parsePath } from "../../../src/site/path.ts";

export const STAMP = { epoch: 1, version: 2, time: 0 };
export const CARRIED = carriedKey(pageKey("film", "1", 1), digestOf);

/** The file that a page leaves when it moves to a path. */
export function redirectTo(to: string, base = ""): string {
  const parsed = parsePath(to);
  if (!parsed.ok) throw new Error(parsed.problem);
  return redirectBody({ url: `https://films.example${base}`, base }, parsed.path) + redirectCarrier(STAMP, CARRIED);
}
