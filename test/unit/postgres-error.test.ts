import { expect, test } from "vitest";

import { postgresError } from "../../src/source/postgres-error.ts";

const said = (message: string, more: object): Error => Object.assign(new Error(message), more);

test.each([
  ["write EPIPE", { code: "EPIPE" }, "source-unreachable", "retry"],
  ["Connection terminated unexpectedly", {}, "source-unreachable", "retry"],
  ["the database system is starting up", { code: "57P03", severity: "FATAL" }, "source-unreachable", "retry"],
  ["sorry, too many clients already", { code: "53300", severity: "FATAL" }, "source-unreachable", "retry"],
  ["terminating connection", { code: "57P01", severity: "FATAL" }, "source-unreachable", "retry"],
  ["password authentication failed", { code: "28P01", severity: "FATAL" }, "source-unreachable", "fatal"],
  ["could not serialize access", { code: "40001", severity: "ERROR" }, "source-unreachable", "retry"],
  ["lock timeout", { code: "55P03", severity: "ERROR" }, "source-unreachable", "retry"],
  ['column "x" does not exist', { code: "42703", severity: "ERROR" }, "query-invalid", "fatal"],
  ["permission denied for table film", { code: "42501", severity: "ERROR" }, "query-invalid", "fatal"],
])("'%s' of Postgres is told from what else may be wrong", (message, more, code, disposition) => {
  const error = postgresError(said(message, more), "films", "The query for film", 300);
  expect(error).toMatchObject({ code, disposition, cause: undefined, hint: expect.any(String) });
  expect(error.message).toContain(message);
});
