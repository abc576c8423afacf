import { batches } from "../core/batches.ts";
import type { Clock } from "../core/clock.ts";
import type { PageOutcome } from "../core/outcome.ts";
import type { PageKey } from "../core/page.ts";
import { furtherKey } from "../core/page.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { countDeletes, deleteCap, withhold } from "./deletes.ts";
import type { BatchOptions, PressPool } from "./press-pool.ts";
import { pressAround } from "./press-pool.ts";
import type { Pressed } from "./press-pages.ts";

/** What is urgent waits for a piece that isn't, if all threads are at one. */
/** A path that goes from page to page settles in one round for each page in the chain. */
const ROUNDS_MAX = 16;

const USUAL = {
  isFresh: false,
  isDryRun: false,
  trustsVerified: false,
  replacesForeign: false,
  removes: false,
  findsFurther: false,
} as const;

export interface RegenerateContext {
  readonly manifest: Manifest;
  readonly pool: PressPool;
  readonly clock: Clock;
  /** Most pages that drains may remove in an hour; undefined is 5 % of all, and at least 100. */
  readonly maxDeletes: number | undefined;
  readonly onPressed: (pressed: Pressed) => void;
  /** Whether it comes before what isn't: somebody waits for it. Default false. */
  readonly isUrgent?: boolean;
}

export interface RegenerateOptions {
  /** The data that the pages must be as new as. */
  readonly version: number;
  readonly isForced: boolean;
  readonly findsFurther: boolean;
  /** As of `PressOptions`. */
  readonly comparesRenders?: boolean | undefined;
}

export interface Regenerated {
  readonly failed: ReadonlyMap<PageKey, string>;
  /** Pages that others kept changing while they were pressed: they are to be pressed once more. */
  readonly unsettled: readonly PageKey[];
  readonly removed: number;
  readonly withheld: number;
}

/**
 * Brings pages up to date because a change, or somebody, asked for it: group after group, the pages of one side by side,
 * then those whose path another page took or left, and at last those that are gone.
 */
export async function regenerate(
  context: RegenerateContext,
  groups: readonly (readonly PageKey[])[],
  options: RegenerateOptions,
): Promise<Regenerated> {
  const { least, most } = context.manifest.pressedAtOnce;
  const failed = new Map<PageKey, string>();
  const gone = new Set<PageKey>();
  const stuck = new Map<PageKey, string>();
  let again = new Set<PageKey>();
  const press = async (piece: readonly PageKey[], given: Partial<BatchOptions>): Promise<void> => {
    const { version: neededVersion, comparesRenders } = options;
    const optionsOf = () => ({ ...USUAL, ...given, neededVersion, comparesRenders });
    const pressed = await pressAround(context.pool, piece, stuck, optionsOf, { isUrgent: context.isUrgent === true });
    context.onPressed(pressed);
    for (const outcome of pressed.outcomes) note(outcome, failed, gone);
    for (const key of pressed.again) again.add(key);
    const further = pressed.further.flatMap(({ first, pages }) =>
      Array.from({ length: pages - 1 }, (_, index) => furtherKey(first, index + 2)),
    );
    await Promise.all([...batches(further, most)].map(async (next) => press(next, { ...given, findsFurther: false })));
  };
  const how = { trustsVerified: !options.isForced, findsFurther: options.findsFurther };
  for (const keys of groups) {
    const size = Math.max(least, Math.min(most, Math.ceil(keys.length / context.pool.size)));
    await Promise.all([...batches(keys, size)].map(async (piece) => press(piece, how)));
  }
  const settle = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS_MAX && again.size > 0; round++) {
      const moved = [...again];
      again = new Set();
      for (const piece of batches(moved, most)) await press(piece, { trustsVerified: false });
    }
  };
  await settle();
  if (gone.size === 0) return { failed, unsettled: [...again], removed: 0, withheld: 0 };
  const now = context.clock();
  const cap = context.maxDeletes ?? deleteCap(context.manifest.count());
  const keysGone = [...gone];
  if (!countDeletes(context.manifest, keysGone.length, cap, now)) {
    withhold(context.manifest, keysGone, cap, now);
    return { failed, unsettled: [...again], removed: 0, withheld: keysGone.length };
  }
  for (const piece of batches(keysGone, most)) await press(piece, { trustsVerified: false, removes: true });
  await settle();
  return { failed, unsettled: [...again], removed: keysGone.length, withheld: 0 };
}

function note(outcome: PageOutcome, failed: Map<PageKey, string>, gone: Set<PageKey>): void {
  const { key } = outcome;
  failed.delete(key);
  gone.delete(key);
  if (outcome.kind === "failed") failed.set(key, outcome.error);
  if (outcome.kind === "gone") gone.add(key);
}
