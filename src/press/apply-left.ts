import { digestOf } from "../core/digest.ts";
import { RekilnError } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import type { Stamp } from "../core/stamp.ts";
import type { LeftKind, LeftPath } from "../manifest/left-paths.ts";
import type { ManifestTransaction } from "../manifest/manifest.ts";
import type { WantedPath } from "./path-claims.ts";
import type { LeftAct, LeftContext } from "./plan-left.ts";
import { putWhole } from "./put-whole.ts";
import { redirectBody, redirectCarrier, redirectKey } from "./redirect-page.ts";
import { removeObject } from "./remove-object.ts";

const DAY_SECONDS = 86_400;
export const REDIRECT_SECONDS = 365 * DAY_SECONDS;
/** Longer than any queue keeps a message: until then an older press may come late. */
export const TOMBSTONE_SECONDS = 15 * DAY_SECONDS;

export interface ApplyContext extends LeftContext {
  readonly nowSeconds: number;
}

/** A path that has become a redirect or a tombstone. */
export type LeftOutcome =
  | { readonly kind: "redirect"; readonly path: string; readonly to: string }
  | { readonly kind: "tombstone"; readonly path: string };

/** The outcome of an act, if all goes well; undefined of one that nobody need be told of. */
export function outcomeOf(act: LeftAct): LeftOutcome | undefined {
  if (act.do === "redirect") return { kind: "redirect", path: act.at.path, to: act.to };
  return act.do === "tombstone" ? { kind: "tombstone", path: act.at.path } : undefined;
}

/** Carries out, in order, what was decided of the paths that a page has left. `stamp` is that of the page's press. */
export function applyLeft(
  context: ApplyContext,
  transaction: ManifestTransaction,
  key: PageKey,
  acts: readonly LeftAct[],
  stamp: Stamp,
): readonly LeftOutcome[] {
  const { openPaths } = context;
  const outcomes: LeftOutcome[] = [];
  const remove = (at: WantedPath): void => removeObject(context.store, at.key, stamp, context.carriedKey(key));
  for (const act of acts) {
    switch (act.do) {
      case "drop":
        remove(act.at);
        break;
      case "forget": {
        const left = transaction.left.at(act.collisionKey);
        if (left !== undefined && act.keepsOpen !== true) openPaths.close(left.key, left.path);
        transaction.left.remove(act.collisionKey);
        break;
      }
      case "keep-open":
        openPaths.open(key, act.at.path);
        break;
      case "hand-over":
        if (act.removes) remove(act.at);
        for (const page of [key, ...act.takers]) openPaths.open(page, act.at.path);
        record(context, transaction, key, "handover", act.at, stamp);
        break;
      case "tombstone":
        if (act.removes) remove(act.at);
        record(context, transaction, key, "tombstone", act.at, stamp);
        outcomes.push({ kind: "tombstone", path: act.at.path });
        break;
      case "redirect": {
        const written = writeRedirect(context, key, act, stamp);
        record(context, transaction, key, written === "blocked" ? "tombstone" : "redirect", act.at, stamp);
        if (written === "written") outcomes.push({ kind: "redirect", path: act.at.path, to: act.to });
        break;
      }
    }
  }
  return outcomes;
}

/** Puts a redirect in place of whatever stands there, unless it is there already. */
function writeRedirect(
  { site, store, carriedKey }: ApplyContext,
  key: PageKey,
  { at, to }: LeftAct & { readonly do: "redirect" },
  stamp: Stamp,
): "written" | "equal" | "blocked" {
  const body = redirectBody(site, to);
  const carried = carriedKey(key);
  const stored = store.read(at.key);
  if (stored?.carried?.key === redirectKey(carried) && stored.digest === digestOf(body)) return "equal";
  try {
    putWhole(store, at.key, body + redirectCarrier({ ...stamp, time: 0 }, carried));
    return "written";
  } catch (error) {
    // The page itself is where it should be.
    if (error instanceof RekilnError && error.code === "store-blocked") return "blocked";
    throw error;
  }
}

function record(
  { nowSeconds }: ApplyContext,
  transaction: ManifestTransaction,
  key: PageKey,
  kind: LeftKind,
  { path, collisionKey }: WantedPath,
  { version }: Stamp,
): void {
  const seconds = kind === "tombstone" ? TOMBSTONE_SECONDS : REDIRECT_SECONDS;
  const before = transaction.left.at(collisionKey);
  // A redirect that leads elsewhere by now is no younger for that.
  const isSame = before?.kind === kind && before.key === key && before.path === path;
  const times: Pick<LeftPath, "since" | "expires"> = isSame
    ? before
    : { since: nowSeconds, expires: nowSeconds + seconds };
  const { since, expires } = times;
  transaction.left.put({ collisionKey, path, key, kind, version, since, expires });
}
