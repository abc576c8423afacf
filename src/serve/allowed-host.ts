import { isIPv4 } from "node:net";

const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;

/**
 * Whether a Host header, or the authority of a request target, names this machine or one of `allowedNames` (lower case,
 * no ports). The port is free. A page of another site can point its own name at 127.0.0.1 (DNS rebinding) but can't
 * forge this header.
 */
export function isAllowedHost(authority: string | undefined, allowedNames: ReadonlySet<string>): boolean {
  const name = hostAndPort.exec(authority?.toLowerCase() ?? "")?.[1];
  if (name === undefined) return false;
  return isLoopbackName(name) || allowedNames.has(name);
}

function isLoopbackName(name: string): boolean {
  return (
    name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || (isIPv4(name) && name.startsWith("127."))
  );
}
