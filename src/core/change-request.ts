import { encodeChange } from "./change-event.ts";
import { parseEntityName } from "./entity-name.ts";
import type { EntityName } from "./entity-name.ts";

/** What somebody says of an entity: that it changed, or that it is gone. */
export interface ChangeRequest extends EntityName {
  readonly deleted: boolean;
}

export type CheckedRequest =
  | { readonly ok: true; readonly request: ChangeRequest }
  | { readonly ok: false; readonly problem: string };

const KEYS = new Set(["entity", "type", "id", "deleted"]);
const refuse = (problem: string): CheckedRequest => ({ ok: false, problem });

/** Checks `{ entity: "film:42" }` or `{ type: "film", id: "42" }`, with or without `deleted`. */
export function checkRequest(value: unknown, types: { has(type: string): boolean }): CheckedRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse('it is no object like {"entity":"film:42"}');
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  const stranger = fields.keys().find((key) => !KEYS.has(key));
  if (stranger !== undefined) return refuse(`it has the unknown key ${JSON.stringify(stranger.slice(0, 80))}`);
  const deleted = fields.get("deleted") ?? false;
  if (typeof deleted !== "boolean") return refuse("its deleted is neither true nor false");
  const name = nameOf(fields);
  if (name === undefined) return refuse('it names no entity: write "entity":"film:42", or "type":"film","id":"42"');
  if (!types.has(name.type)) return refuse(`there is no entity type ${JSON.stringify(name.type.slice(0, 80))}`);
  // A version has at most 16 digits.
  const event = { ...name, version: Number.MAX_SAFE_INTEGER, deleted, fields: undefined, before: undefined, waited: 0 };
  const encoded = encodeChange(event);
  return encoded.ok ? { ok: true, request: { ...name, deleted } } : encoded;
}

function nameOf(fields: ReadonlyMap<string, unknown>): EntityName | undefined {
  const [entity, type, id] = [fields.get("entity"), fields.get("type"), fields.get("id")];
  if (typeof entity === "string") return type === undefined && id === undefined ? parseEntityName(entity) : undefined;
  if (entity !== undefined || typeof type !== "string" || typeof id !== "string") return undefined;
  return type !== "" && id.isWellFormed() ? { type, id } : undefined;
}
