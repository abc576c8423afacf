import type { Encoding } from "../core/encoding.ts";

/** What one client may cost. Times are milliseconds, sizes bytes. */
export interface ServeLimits {
  /** Longest request target; longer ones get 414. */
  readonly targetBytes: number;
  /** Request line and headers together; more gets 431. */
  readonly headerBytes: number;
  /** Header lines; more get 431. */
  readonly headerCount: number;
  /** From the first byte of a request to the end of its headers, else 408. Not above `requestTimeoutMs`. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to its last, else 408. */
  readonly requestTimeoutMs: number;
  /** How often the two timeouts above are looked at. */
  readonly timeoutCheckMs: number;
  /** A connection on which nothing moves for so long is cut, also while it should be reading an answer. */
  readonly stallTimeoutMs: number;
  /** How long a connection may wait for its next request. */
  readonly keepAliveTimeoutMs: number;
  /** Requests on one connection. */
  readonly connectionRequests: number;
  /** Connections at a time; one more is dropped. Each has at most one file open. */
  readonly connections: number;
  /** How long `close` waits for running requests. */
  readonly closeGraceMs: number;
}

/** How long an application may be silent if nothing else is said. */
export const ORIGIN_TIMEOUT_MS = 30_000;

export const defaultServeLimits: ServeLimits = {
  targetBytes: 8 * 1024,
  headerBytes: 32 * 1024,
  headerCount: 100,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  stallTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  connectionRequests: 1_000,
  connections: 1_000,
  closeGraceMs: 2_000,
};

/** Where the server reports what its operator should know; a pino logger fits. */
export interface ServeLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ServeOptions {
  /** The built directory. */
  readonly root: string;
  /** The path that the site answers below, without a trailing slash: `""` or `"/films"`, as in a URL. */
  readonly base: string;
  /** The name or address to bind. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly log: ServeLog;
  /** The current time in milliseconds since 1970. */
  now(): number;
  /**
   * Host names to answer, without ports. Bound to a loopback address the server answers loopback names and these; bound
   * elsewhere it answers every name unless these are given.
   */
  readonly allowedHosts?: readonly string[];
  /** Replaces the default policy: own scripts, styles and media only, nothing inline. */
  readonly contentSecurityPolicy?: string;
  /**
   * Whether a page stood at a path that was removed on purpose, so that 410 is answered instead of 404. Asked where nothing
   * stands, with the decoded path within the site.
   */
  isGone?(path: string): boolean;
  /** The dynamic application that is asked for what isn't here; without one it is 404. */
  readonly origin?: {
    /** `http://127.0.0.1:3000`: what comes behind the host is ignored. */
    readonly url: URL;
    /** Visitors with a cookie of this name always get the application. */
    readonly bypassCookie?: string | undefined;
    /** How long the application may be silent. */
    readonly timeoutMs?: number;
  };
  /** Which precompressed twins stand beside the files. */
  readonly compress?: readonly Encoding[];
  readonly limits?: Partial<ServeLimits>;
}
