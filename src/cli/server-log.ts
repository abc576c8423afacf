import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";

const TEXT_MAX = 2000;
const SECRETS = ["authorization", "cookie", "password", "secret", "token"];

/** What a log holds of a value: texts and lists that don't end are cut, and what is named like a secret isn't there. */
function bounded(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value;
  if (value instanceof Error) {
    const { name, message, stack } = value;
    return {
      name,
      message: bounded(message),
      stack: bounded(stack),
      ...("code" in value ? { code: bounded(value.code) } : {}),
    };
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth > 3) return "…";
  if (Array.isArray(value)) return value.slice(0, 100).map((inner) => bounded(inner, depth + 1));
  const entries = Object.entries(value).slice(0, 100);
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key,
      SECRETS.some((name) => key.toLowerCase().includes(name)) ? "(hidden)" : bounded(inner, depth + 1),
    ]),
  );
}

/** The server's log: JSON lines without control characters, each of a bounded length, without what is named like a secret. */
export function serverLog(destination: DestinationStream): Logger {
  return pino(
    {
      level: "warn",
      base: null,
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(given, method) {
          // A logger is called with fields and a message, or a message alone.
          method.apply(this, given.map((one) => bounded(one)) as Parameters<typeof method>);
        },
      },
    },
    destination,
  );
}
