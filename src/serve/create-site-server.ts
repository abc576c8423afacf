import { createGuardedServer } from "./create-guarded-server.ts";
import type { GuardedServer } from "./create-guarded-server.ts";
import { parseBase } from "./parse-base.ts";
import { respond } from "./respond.ts";
import { securityHeaders } from "./security-headers.ts";
import type { ServeOptions } from "./serve-options.ts";
import { defaultServeLimits } from "./serve-options.ts";

/**
 * A static server over a built directory, for GET and HEAD. It reads `root` anew on each request, so a build may run
 * beside it.
 * @throws RekilnError `base-invalid` or `policy-invalid`.
 */
export function createSiteServer(options: ServeOptions): GuardedServer {
  const { root, log } = options;
  const context = {
    root,
    base: parseBase(options.base),
    headers: securityHeaders(options.contentSecurityPolicy),
    log,
    now: () => options.now(),
    isGone: (path: string): boolean => options.isGone?.(path) === true,
  };
  return createGuardedServer({
    base: options.base,
    host: options.host,
    port: options.port,
    log,
    allowedHosts: options.allowedHosts,
    limits: { ...defaultServeLimits, ...options.limits },
    respond: async (rules, request, response) => respond({ ...context, rules }, request, response),
  });
}
