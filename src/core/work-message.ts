import type { PageKey } from "./page.ts";

/** Bytes of page keys in one message: well below the 64 KiB that a message may have. */
const KEYS_BYTES_MAX = 48 << 10;

interface Request {
  /** At least this new is the data that the pages must be rendered from. */
  readonly version: number;
  /** At least this new are their templates. */
  readonly epoch: number;
  /** Whether pages are rendered though they are known to be as new. */
  readonly isForced: boolean;
  /** When what made it necessary was told, in milliseconds since 1970. */
  readonly since: number;
  /** Seconds that it has been set aside, waiting for data or templates. */
  readonly waited: number;
  /** What somebody gave as the reason for it. */
  readonly reason?: string;
}

/** Pages to press. */
export interface PagesMessage extends Request {
  readonly kind: "pages";
  readonly keys: readonly PageKey[];
  /** How often its one page has failed before. */
  readonly tries: number;
}

/** All pages of a route, those that are gone too. */
export interface RouteMessage extends Request {
  readonly kind: "route";
  readonly route: string;
}

export type WorkMessage = PagesMessage | RouteMessage;

/** Format of messages: the last release's are read too. */
const FORMAT = 1;

export function encodeWork(message: WorkMessage): string {
  return JSON.stringify({ v: FORMAT, ...message });
}

/** Cuts keys into batches that fit into a message. */
function* keyBatches(keys: Iterable<PageKey>, most: number): Iterable<readonly PageKey[]> {
  let batch: PageKey[] = [];
  let bytes = 0;
  for (const key of keys) {
    if (batch.length === most || (batch.length > 0 && bytes + key.length + 3 > KEYS_BYTES_MAX)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(key);
    // A page key is ASCII.
    bytes += key.length + 3;
  }
  if (batch.length > 0) yield batch;
}

/** A message for each route. */
export function encodeRoutes(routes: Iterable<string>, request: Request): string[] {
  return Array.from(routes, (route) => encodeWork({ kind: "route", route, ...request }));
}

/** Messages of pages that haven't failed before, `most` in each. */
export function encodePages(keys: Iterable<PageKey>, most: number, request: Request): string[] {
  return Array.from(keyBatches(keys, most), (batch) =>
    encodeWork({ kind: "pages", keys: batch, tries: 0, ...request }),
  );
}

export type DecodedWork =
  | { readonly ok: true; readonly message: WorkMessage }
  | { readonly ok: false; readonly problem: string };

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 && value <= Number.MAX_SAFE_INTEGER;

const refuse = (problem: string): DecodedWork => ({ ok: false, problem });

/** Reads what `encodeWork` wrote; whatever else a queue holds is a problem, not an error. */
export function decodeWork(parsed: Readonly<Record<string, unknown>>): DecodedWork {
  const { v, kind, version, epoch, isForced, since, waited, reason } = parsed;
  if (v !== FORMAT) return refuse(`its format is ${JSON.stringify(v) ?? "missing"}; this rekiln reads ${FORMAT}`);
  if (!isCount(version) || !isCount(epoch) || !isCount(since) || !isCount(waited) || typeof isForced !== "boolean") {
    return refuse("its version, epoch, isForced, since or waited isn't there, or isn't what it should be");
  }
  if (reason !== undefined && typeof reason !== "string") return refuse("its reason is no text");
  const request = { version, epoch, isForced, since, waited, ...(reason === undefined ? {} : { reason }) };
  if (kind === "route") {
    const { route } = parsed;
    if (typeof route !== "string") return refuse("it names no route");
    return { ok: true, message: { kind, route, ...request } };
  }
  if (kind === "pages") {
    const { keys, tries } = parsed;
    if (!isCount(tries) || !Array.isArray(keys) || keys.length === 0 || !keys.every(isPageKey)) {
      return refuse("its keys or tries aren't there, or aren't what they should be");
    }
    return { ok: true, message: { kind, keys, tries, ...request } };
  }
  return refuse(`its kind is ${(JSON.stringify(kind) ?? "missing").slice(0, 80)}`);
}

/** Whether a text could be a page key; whether there is such a page is found out when it is pressed. */
function isPageKey(value: unknown): value is PageKey {
  if (typeof value !== "string" || value.length > 8192) return false;
  if (
    !/^(?:[A-Za-z0-9._~+-]|%[0-9A-F]{2})+(?:\/=?(?:[A-Za-z0-9._~+-]|%[0-9A-F]{2})*)?(?:#[1-9][0-9]{0,8})?$/.test(value)
  )
    return false;
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}
