import type { DecodedPath } from "./decode-path.ts";
import { decodePath } from "./decode-path.ts";
import { isAllowedHost } from "./allowed-host.ts";
import { parseRequestTarget } from "./request-target.ts";
import type { ServeLimits } from "./serve-options.ts";

/** What is known of a request before the disk is touched. */
interface RequestFacts {
  readonly method: string | undefined;
  readonly target: string;
  readonly hosts: readonly string[];
  readonly headerCount: number;
}

export interface RequestRules {
  readonly limits: ServeLimits;
  /** Host names to answer beside loopback ones, or undefined when every name is answered. */
  readonly hostNames: ReadonlySet<string> | undefined;
  /** Whether an application answers what no file is for: then methods that files don't know are its own. */
  readonly hasOrigin: boolean;
}

type CheckedRequest =
  | { readonly kind: "find"; readonly path: DecodedPath & { readonly kind: "path" }; readonly query: string }
  | { readonly kind: "hidden" }
  /** Only the application can answer it. */
  | { readonly kind: "dynamic" }
  | { readonly kind: "refused"; readonly reason: RefusalReason };

export type RefusalReason = "too-many-headers" | "target-too-long" | "bad-request" | "host" | "method";

/** Decides whether a request is looked up at all. The host is judged before anything that tells what is served. */
export function checkRequest(facts: RequestFacts, { limits, hostNames, hasOrigin }: RequestRules): CheckedRequest {
  if (facts.headerCount > limits.headerCount) return refused("too-many-headers");
  if (facts.target.length > limits.targetBytes) return refused("target-too-long");
  if (facts.hosts.length > 1) return refused("bad-request");
  const [host] = facts.hosts;
  if (hostNames !== undefined && !isAllowedHost(host, hostNames)) return refused("host");
  const isForFiles = facts.method === "GET" || facts.method === "HEAD";
  // A TRACE would show the application's own headers; a CONNECT asks for a tunnel.
  if (!isForFiles && (!hasOrigin || facts.method === "TRACE" || facts.method === "CONNECT")) return refused("method");
  const target = parseRequestTarget(facts.target);
  if (target === undefined) return refused("bad-request");
  const { authority, path, query } = target;
  if (hostNames !== undefined && authority !== undefined && !isAllowedHost(authority, hostNames))
    return refused("host");
  const decoded = decodePath(path);
  switch (decoded.kind) {
    case "path":
      if (!isForFiles) return { kind: "dynamic" };
      return { kind: "find", path: decoded, query };
    case "hidden":
      return { kind: "hidden" };
    case "malformed":
      return refused("bad-request");
  }
}

function refused(reason: RefusalReason): CheckedRequest {
  return { kind: "refused", reason };
}
