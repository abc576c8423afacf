import { createGuardedServer } from "./create-guarded-server.ts";
import type { GuardedServer } from "./create-guarded-server.ts";
import { Origin } from "./origin.ts";
import { parseBase } from "./parse-base.ts";
import { respond } from "./respond.ts";
import { securityHeaders } from "./security-headers.ts";
import type { ServeLimits, ServeOptions } from "./serve-options.ts";
import { defaultServeLimits, ORIGIN_TIMEOUT_MS } from "./serve-options.ts";

const UPLOAD_TIMEOUT_MS = 300_000;

/**
 * A static server over a built directory, for GET and HEAD; with an `origin` the application behind it answers the rest. It reads `root` anew on each request, so a build may run
 * beside it.
 * @throws RekilnError `base-invalid` or `policy-invalid`.
 */
export function createSiteServer(options: ServeOptions): GuardedServer {
  const { root, log } = options;
  const limits = { ...defaultServeLimits, ...options.limits };
  const originTimeoutMs = options.origin?.timeoutMs ?? ORIGIN_TIMEOUT_MS;
  const origin = options.origin && new Origin({ url: options.origin.url, timeoutMs: originTimeoutMs, log });
  const context = {
    root,
    base: parseBase(options.base),
    headers: securityHeaders(options.contentSecurityPolicy),
    log,
    now: () => options.now(),
    isGone: (path: string): boolean => options.isGone?.(path) === true,
    compress: options.compress ?? [],
    origin,
    bypassCookie: options.origin?.bypassCookie,
  };
  const server = createGuardedServer({
    base: options.base,
    host: options.host,
    port: options.port,
    log,
    allowedHosts: options.allowedHosts,
    limits: origin === undefined ? limits : withOrigin(limits, originTimeoutMs),
    hasOrigin: origin !== undefined,
    respond: async (rules, request, response) => respond({ ...context, rules }, request, response),
  });
  return {
    listen: () => server.listen(),
    close: async () => {
      await server.close();
      origin?.[Symbol.dispose]();
    },
  };
}

function withOrigin(limits: ServeLimits, originTimeoutMs: number): ServeLimits {
  return {
    ...limits,
    // Uploads to an application take longer than asking for a file.
    requestTimeoutMs: Math.max(limits.requestTimeoutMs, UPLOAD_TIMEOUT_MS),
    // The application is waited for longer than its client, so that there is somebody to tell.
    stallTimeoutMs: Math.max(limits.stallTimeoutMs, originTimeoutMs + 5_000),
  };
}
