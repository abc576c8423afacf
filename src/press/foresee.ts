import { changedFields } from "../core/changed-fields.ts";
import type { EntityChange } from "../core/change.ts";
import type { EntityData, EntityModel } from "../core/entity.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { tupleOf } from "../core/tuple.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { affectedReason } from "./affected-reason.ts";
import type { AffectedReason } from "./affected-reason.ts";
import { affectedPages } from "./expand.ts";
import type { Lookups } from "./locate-page.ts";
import { Overlay } from "./overlay.ts";

/** What may happen to an entity. */
export type Supposed =
  /** These fields, or all when undefined, get values that aren't known. */
  | { readonly kind: "fields"; readonly fields: readonly string[] | undefined }
  | { readonly kind: "deleted" }
  /** It becomes this: for an entity that isn't there, its creation. */
  | { readonly kind: "record"; readonly data: EntityData };

export type Foreseen = ReadonlyMap<PageKey, readonly AffectedReason[]>;

/** Behind every value in order; no entity has it. */
const BEYOND = "\u{10FFFF}";

/**
 * The pages that a change of one entity would affect, and why, by the code that finds them when it happens. Nothing is written.
 *
 * Where values aren't known, an indexed field is taken to go beyond every other value, to either end, and out of all lists that ask for
 * it: whatever the value will be, the pages are among these, but for lists that the entity isn't in and would enter.
 */
export function foresee(
  site: Site,
  manifest: Manifest,
  snapshot: Snapshot,
  entity: { readonly model: EntityModel; readonly id: string },
  supposed: Supposed,
): Foreseen {
  const { model, id } = entity;
  const stored = snapshot.get(model.name, id)?.data;
  const before = [stored === undefined ? null : tupleOf(model, stored)];
  const reasons = new Map<PageKey, Map<string, AffectedReason>>();
  const expand = (after: Lookups, fields: EntityChange["fields"]): void => {
    const change: EntityChange = { type: model.name, id, version: snapshot.version, fields, before };
    affectedPages(site, manifest, after, [change], {
      limit: Number.POSITIVE_INFINITY,
      edgesMax: Number.POSITIVE_INFINITY,
      isDryRun: true,
      onAffected: (affected) => {
        if (parsePageKey(affected.key).subject === BEYOND) return;
        const reason = affectedReason(affected);
        const known = reasons.get(affected.key) ?? new Map<string, AffectedReason>();
        reasons.set(affected.key, known.set(`${reason.use} ${reason.ref}`, reason));
      },
    });
  };
  switch (supposed.kind) {
    case "deleted":
      expand(new Overlay(snapshot, model, id, undefined), undefined);
      break;
    case "record": {
      const { data } = supposed;
      if (stored !== undefined && JSON.stringify(stored) === JSON.stringify(data)) break;
      const fields = stored === undefined ? undefined : changedFields(stored, data);
      expand(new Overlay(snapshot, model, id, data), fields);
      break;
    }
    case "fields": {
      if (stored === undefined) break;
      const { fields } = supposed;
      expand(snapshot, fields);
      for (const field of model.index) {
        if (fields !== undefined && !fields.includes(field)) continue;
        // One field at a time is enough: no other one moves it further in a list, or out of more of them.
        for (const value of Array.isArray(stored[field]) ? [[], [BEYOND]] : [null, BEYOND]) {
          expand(new Overlay(snapshot, model, id, { ...stored, [field]: value }), [field]);
        }
      }
      break;
    }
  }
  return new Map([...reasons].map(([key, byText]) => [key, [...byText.values()]]));
}
