import { messageOf, RekilnError } from "../core/errors.ts";

/** Where a query is, for messages: `The query for film of films`. */
type Subject = string | undefined;

const CANCELED = "57014";
const READ_TIMEOUT = "Query read timeout";
/** Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html that tell of the server, not of the query. */
const SERVER = /^(?:08|53|55|57|58|25P03|25P04|40|XX)/;
/** Who may not come in, or asks for what isn't there: waiting doesn't help. */
const REFUSED = /^(?:28|3D)/;

/** The code that Postgres, or the machine, gave an error. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/**
 * What the client threw, in the project's words. Without its cause: what a client says of a connection may hold the password.
 *
 * @param database as people write it
 * @param subject whose SQL it is; undefined for what rekiln asks by itself
 * @param timeoutSeconds after which a query is given up
 */
export function postgresError(error: unknown, database: string, subject: Subject, timeoutSeconds: number): RekilnError {
  if (error instanceof RekilnError) return error;
  const code = codeOf(error);
  const said = messageOf(error);
  if (code === CANCELED || said === READ_TIMEOUT) {
    return new RekilnError({
      code: "source-unreachable",
      message: `${subject ?? `The database ${database}`} took longer than ${timeoutSeconds} s.`,
      disposition: "retry",
      hint: "Nothing was changed. Make the query faster, look for who holds a lock on its tables, or raise timeoutSeconds of postgres(…).",
    });
  }
  if (REFUSED.test(code)) {
    return unreachable(
      database,
      said,
      "fatal",
      "Correct DATABASE_URL, PGUSER, PGPASSWORD, PGDATABASE, or url of postgres(…).",
    );
  }
  // What the server didn't say itself is of the connection.
  const isOfServer = error instanceof Error && "severity" in error;
  if (!isOfServer || SERVER.test(code)) {
    return unreachable(database, said, "retry", "Look whether it runs, and whether DATABASE_URL or PGHOST lead to it.");
  }
  return new RekilnError({
    code: "query-invalid",
    message: `${subject ?? `A statement for ${database}`} doesn't run: ${said}.`,
    disposition: "fatal",
    hint: "Nothing was changed. Mend the SQL in the config, or the data or rights that it complains of.",
  });
}

function unreachable(database: string, said: string, disposition: "fatal" | "retry", hint: string): RekilnError {
  return new RekilnError({
    code: "source-unreachable",
    message: `The database ${database} can't be reached: ${said}.`,
    disposition,
    hint: `Nothing was changed. ${hint}`,
  });
}
