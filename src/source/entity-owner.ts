import type { DatabaseSync } from "node:sqlite";

import { RekilnError } from "../core/errors.ts";
import { readMeta, writeMeta } from "./entity-schema.ts";

/** Notes that entities of a store are kept nowhere else. Part of a transaction. */
export function noteOwned(database: DatabaseSync): void {
  if (readMeta(database, "owned") === undefined) writeMeta(database, "owned", "embedded");
}

/**
 * Refuses to let a store become a mirror when entities are kept only there: what the other source doesn't have would be deleted.
 *
 * @throws RekilnError `entity-store-owned`
 */
export function checkMirror(database: DatabaseSync): void {
  if (readMeta(database, "owned") === undefined) return;
  throw new RekilnError({
    code: "entity-store-owned",
    message: "The entity store holds entities of embedded(), which are kept nowhere else: it can't mirror files too.",
    disposition: "fatal",
    hint: "Write source: embedded() again, or move .rekiln/entities.db away if its entities aren't needed any more.",
  });
}
