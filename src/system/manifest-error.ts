import { messageOf, RekilnError } from "../core/errors.ts";
import type { PostgresAsk } from "./postgres-requests.ts";

/** Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html that may pass: of the server, of locks, of time. */
const PASSING = /^(?:08|25006|25P03|25P04|40|53|55|57|58|XX)/;
/** Who may not come in, or asks for what isn't there. */
const REFUSED = /^(?:28|3D|42501|3F)/;
const NO_TABLE = "42P01";

/**
 * What the client threw about the manifest, in the project's words. Without its cause: what a client says of a connection may hold the
 * password.
 *
 * @param database as people write it
 */
export function manifestError(error: unknown, database: string, { statements }: PostgresAsk): RekilnError {
  if (error instanceof RekilnError) {
    const { message, disposition } = error;
    if (error.code !== "source-unreachable") return error;
    return new RekilnError({ code: "manifest-unreachable", message, disposition, hint: CORRECT });
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const isOfServer = error instanceof Error && "severity" in error;
  const said = messageOf(error);
  if (code === NO_TABLE) {
    return new RekilnError({
      code: "manifest-format",
      message: `The manifest in ${database} lacks a table: ${said}.`,
      disposition: "fatal",
      hint: "Run rekiln migrate: it makes what is missing, and keeps what is there.",
    });
  }
  if (isOfServer && !PASSING.test(code)) {
    return new RekilnError({
      code: "manifest-refused",
      message: `The manifest in ${database} refused a statement: ${said}.`,
      disposition: "fatal",
      hint: REFUSED.test(code) ? CORRECT : "Run rekiln doctor; if it finds nothing, report this with the message.",
    });
  }
  // The answer was lost, not what it answers to.
  const isUnknown = statements.at(-1) === "COMMIT" && statements.length > 1 && !isOfServer;
  return new RekilnError({
    code: "manifest-unreachable",
    message: isUnknown
      ? `The manifest in ${database} didn't answer: ${said}. Whether the last transaction is in it isn't known.`
      : `The manifest in ${database} can't be reached: ${said}.`,
    disposition: "retry",
    hint: "What was begun is done again by the next run. Look whether the server runs, and whether the network leads to it.",
  });
}

const CORRECT = "Correct DATABASE_URL, PGUSER, PGPASSWORD, PGDATABASE, or url of postgresManifest(…).";
