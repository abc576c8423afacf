import { validateHeaderValue } from "node:http";

import { RekilnError } from "../core/errors.ts";

const ownFilesOnly = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join("; ");

/**
 * The headers that every answer carries, errors too.
 * @throws RekilnError `policy-invalid` when the policy can't stand in a header.
 */
export function securityHeaders(contentSecurityPolicy = ownFilesOnly): ReadonlyMap<string, string> {
  try {
    validateHeaderValue("Content-Security-Policy", contentSecurityPolicy);
  } catch (cause) {
    throw new RekilnError({
      code: "policy-invalid",
      message: "The content security policy can't be sent as a header.",
      disposition: "fatal",
      hint: "Write the policy as one line of ASCII text.",
      cause,
    });
  }
  return new Map([
    ["Content-Security-Policy", contentSecurityPolicy],
    ["Referrer-Policy", "strict-origin-when-cross-origin"],
    ["X-Content-Type-Options", "nosniff"],
  ]);
}
