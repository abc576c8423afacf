import { formatEntityName, parseEntityName } from "./entity-name.ts";
import type { Scalar } from "./read.ts";
import type { Tuple } from "./tuple.ts";

/** Largest event, in bytes of UTF-8: what a message of a queue may have. */
export const EVENT_BYTES_MAX = 64 * 1024;
const FORMAT = 1;
const KEYS = new Set(["v", "kind", "entity", "version", "deleted", "fields", "before", "waited"]);

/**
 * That an entity changed: its name and what is needed to find the pages that show it, never what they show. Several events of one
 * entity may be taken for one with the newest version, the union of the fields and of the tuples before; and each of them alone.
 */
export interface ChangeEvent {
  readonly type: string;
  readonly id: string;
  /** Pages must be rendered from data at least this new; undefined when whoever told of it doesn't know. */
  readonly version: number | undefined;
  readonly deleted: boolean;
  /** The fields that changed; undefined when that isn't known, which counts as all. */
  readonly fields: readonly string[] | undefined;
  /**
   * The indexed values before, null where the entity didn't exist; at least one. Undefined when that isn't known: then the entity
   * may have left any list of its type.
   */
  readonly before: readonly (Tuple | null)[] | undefined;
  /** Seconds for which the message was set aside. */
  readonly waited: number;
}

export type EncodedChange =
  /** One message, or several that are one change together. */
  { readonly ok: true; readonly bodies: readonly string[] } | { readonly ok: false; readonly problem: string };

/**
 * An event as JSON texts that any queue takes. One that is too large says less, and is still right: first its fields are unknown, then its
 * tuples go into several events, and a tuple that is too large by itself makes them unknown.
 */
export function encodeChange(event: ChangeEvent): EncodedChange {
  const whole = bodyOf(event);
  if (fits(whole)) return { ok: true, bodies: [whole] };
  const bare: ChangeEvent = { ...event, fields: undefined };
  const unknown = bodyOf({ ...bare, before: undefined });
  if (!fits(unknown))
    return { ok: false, problem: `the id has ${Buffer.byteLength(event.id)} bytes, too many for an event` };
  const bodies: string[] = [];
  let part: (Tuple | null)[] = [];
  for (const tuple of event.before ?? []) {
    if (!fits(bodyOf({ ...bare, before: [tuple] }))) return { ok: true, bodies: [unknown] };
    if (part.length > 0 && !fits(bodyOf({ ...bare, before: [...part, tuple] }))) {
      bodies.push(bodyOf({ ...bare, before: part }));
      part = [];
    }
    part.push(tuple);
  }
  bodies.push(part.length === 0 ? unknown : bodyOf({ ...bare, before: part }));
  return { ok: true, bodies };
}

const fits = (body: string): boolean =>
  body.length * 3 <= EVENT_BYTES_MAX || Buffer.byteLength(body) <= EVENT_BYTES_MAX;

function bodyOf({ version, deleted, fields, before, waited, ...name }: ChangeEvent): string {
  const body = JSON.stringify({
    v: FORMAT,
    kind: "change",
    entity: formatEntityName(name),
    ...(version === undefined ? {} : { version }),
    ...(deleted ? { deleted } : {}),
    ...(fields === undefined ? {} : { fields }),
    ...(before === undefined ? {} : { before: before.map((tuple) => tuple?.fields ?? null) }),
    ...(waited === 0 ? {} : { waited }),
  });
  // XML has no such characters, and SQS speaks XML.
  return body.replaceAll("\uFFFE", "\\ufffe").replaceAll("\uFFFF", "\\uffff");
}

export type DecodedChange =
  | { readonly ok: true; readonly event: ChangeEvent }
  /** What is wrong, to be read after "the message can't be used:". */
  | { readonly ok: false; readonly problem: string };

const refuse = (problem: string): { ok: false; problem: string } => ({ ok: false, problem });

/** Reads an event from the body of a message. Whatever else it is told of is a problem, never an error. */
export function decodeChange(body: string): DecodedChange {
  if (!fits(body)) return refuse(`it is larger than ${EVENT_BYTES_MAX} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return refuse("it is no JSON");
  }
  return isObject(parsed) ? readChange(parsed) : refuse("it is no JSON object");
}

/** The same of a message that is parsed already. */
export function readChange(parsed: Readonly<Record<string, unknown>>): DecodedChange {
  const own = (key: string): unknown => (Object.hasOwn(parsed, key) ? parsed[key] : undefined);
  const [v, kind, entity, version] = ["v", "kind", "entity", "version"].map(own);
  const deleted = own("deleted") ?? false;
  const waited = own("waited") ?? 0;
  if (v !== FORMAT) return refuse(`its format is ${shown(v)}; this rekiln reads format ${FORMAT}`);
  if (kind !== "change") return refuse(`its kind is ${shown(kind)}, not "change"`);
  const stranger = Object.keys(parsed).find((key) => !KEYS.has(key));
  if (stranger !== undefined) return refuse(`it has the unknown key ${shown(stranger)}`);
  const name = typeof entity === "string" ? parseEntityName(entity) : undefined;
  if (name === undefined) return refuse(`its entity is ${shown(entity)}, not a name like "film:42"`);
  if (version !== undefined && !isCount(version)) return refuse(`its version is ${shown(version)}, not a whole number`);
  if (typeof deleted !== "boolean") return refuse(`its deleted is ${shown(deleted)}, neither true nor false`);
  if (!isCount(waited)) return refuse(`its waited is ${shown(waited)}, not a whole number`);
  const fields = own("fields");
  if (fields !== undefined && !isTexts(fields)) return refuse("its fields are no array of names");
  const before = readBefore(name.id, own("before"));
  if (!before.ok) return before;
  return { ok: true, event: { ...name, version, deleted, fields, before: before.tuples, waited } };
}

type ReadBefore =
  | { readonly ok: true; readonly tuples: readonly (Tuple | null)[] | undefined }
  | { readonly ok: false; readonly problem: string };

function readBefore(id: string, before: unknown): ReadBefore {
  if (before === undefined) return { ok: true, tuples: undefined };
  if (!Array.isArray(before) || before.length === 0) return refuse("its before is no array with values in it");
  const tuples: (Tuple | null)[] = [];
  for (const fields of before as readonly unknown[]) {
    if (fields === null) {
      tuples.push(null);
      continue;
    }
    if (!isObject(fields)) return refuse("its before holds something that is neither null nor an object");
    const read: Record<string, Scalar | readonly Scalar[] | null> = Object.create(null) as Record<string, never>;
    for (const [field, value] of Object.entries(fields)) {
      if (!isIndexed(value)) return refuse(`its before has a value of ${shown(field)} that can't be indexed`);
      read[field] = value;
    }
    tuples.push({ id, fields: read });
  }
  return { ok: true, tuples };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

function isScalar(value: unknown): value is Scalar {
  if (typeof value === "string") return value.isWellFormed();
  return typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}

const isIndexed = (value: unknown): value is Scalar | readonly Scalar[] | null =>
  value === null || isScalar(value) || (Array.isArray(value) && value.every(isScalar));

/** A value for people, cut short. */
function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return JSON.stringify(typeof value === "string" ? value.slice(0, 80) : value) ?? typeof value;
}
