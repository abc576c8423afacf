import { RekilnError } from "../core/errors.ts";

/** A piece of a type: NDJSON in the order of ids, gzipped. */
export interface SnapshotPart {
  /** Below the prefix of the snapshots. */
  readonly key: string;
  /** As it is stored. */
  readonly bytes: number;
  /** SHA-256 of the bytes as they are stored, in hexadecimal. */
  readonly sha256: string;
  readonly entities: number;
}

export interface SnapshotType {
  readonly name: string;
  readonly entities: number;
  /** In the order of the ids. */
  readonly parts: readonly SnapshotPart[];
}

/** What `current.json` holds: which snapshot is the current one, and all that is needed to read it. */
export interface SnapshotIndex {
  readonly format: 1;
  /** The folder of its parts: `00000000000000000017-9f86d081`. */
  readonly name: string;
  /** That of the machine which wrote it: whoever sees it sees every change up to it. */
  readonly version: number;
  /** No event that was published for a snapshot asks for a newer version. */
  readonly ceiling: number;
  /** The version of the first snapshot of the chain: of every difference since, an event was published. */
  readonly since: number;
  /** Identity of the source that was written. */
  readonly source: string;
  /** In milliseconds since 1970. */
  readonly writtenAt: number;
  readonly types: readonly SnapshotType[];
  /** Names of the snapshots that were the current one before and are still there, the newest first. */
  readonly earlier: readonly string[];
}

export const CURRENT_KEY = "current.json";
/** Every part is below it. */
export const PARTS_FOLDER = "snapshots/";

/** Sorts by version. `unique` tells apart what two writers made of one. */
export function snapshotName(version: number, unique: string): string {
  return `${String(version).padStart(20, "0")}-${unique}`;
}

/** Whether something goes by a name that `snapshotName` made of this version or an earlier one. */
export function isUpTo(name: string, version: number): boolean {
  return /^\d{20}-/.test(name) && Number(name.slice(0, 20)) <= version;
}

export function writeSnapshotIndex(index: SnapshotIndex): Buffer {
  return Buffer.from(`${JSON.stringify(index, undefined, 1)}\n`);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPart(value: unknown): value is SnapshotPart {
  if (!isObject(value)) return false;
  const { key, bytes, sha256, entities } = value;
  const isKey = isText(key) && /^snapshots\/[A-Za-z0-9_-]+\/[A-Za-z0-9_.-]+$/.test(key);
  return isKey && isCount(bytes) && isText(sha256) && /^[0-9a-f]{64}$/.test(sha256) && isCount(entities);
}

function isType(value: unknown): value is SnapshotType {
  if (!isObject(value)) return false;
  const { name, entities, parts } = value;
  if (!isText(name) || !isCount(entities) || !Array.isArray(parts) || !parts.every(isPart)) return false;
  return parts.reduce((sum, part) => sum + part.entities, 0) === entities;
}

/**
 * Reads what `writeSnapshotIndex` wrote.
 *
 * @param place what it is called in messages
 * @throws RekilnError `snapshot-broken`, `snapshot-format`
 */
export function readSnapshotIndex(content: Uint8Array, place: string): SnapshotIndex {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(content).toString());
  } catch (error) {
    throw brokenSnapshot(place, "it is no JSON", error);
  }
  if (!isObject(parsed)) throw brokenSnapshot(place, "it is no JSON object");
  const { format, name, version, ceiling, since, source, writtenAt, types, earlier } = parsed;
  if (format !== 1) {
    throw new RekilnError({
      code: "snapshot-format",
      message: `${place} has the format ${JSON.stringify(format) ?? "of nothing"}; this rekiln reads format 1.`,
      disposition: "fatal",
      hint: "Use the rekiln that wrote it, or a newer one.",
    });
  }
  const areCounts = isCount(version) && isCount(ceiling) && isCount(since) && isCount(writtenAt);
  if (!areCounts || !isText(name) || !isText(source)) throw brokenSnapshot(place, "its version or its name is missing");
  if (!Array.isArray(types) || !types.every(isType)) throw brokenSnapshot(place, "its list of parts can't be read");
  if (!Array.isArray(earlier) || !earlier.every(isText))
    throw brokenSnapshot(place, "its list of earlier ones is lost");
  return { format, name, version, ceiling, since, source, writtenAt, types, earlier };
}

/** What to say of a snapshot that isn't what it was when it was written. */
export function brokenSnapshot(place: string, why: string, cause?: unknown): RekilnError {
  return new RekilnError({
    code: "snapshot-broken",
    message: `The snapshot can't be used: ${place}: ${why}.`,
    disposition: "retry",
    hint: "Nothing was changed; what was loaded before stays. Run rekiln snapshot --anew where the source is.",
    cause,
  });
}
