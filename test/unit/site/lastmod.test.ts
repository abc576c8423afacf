import { describe, expect, test } from "vitest";

import { RekilnError } from "../../../src/core/errors.ts";
import { lastmodOf } from "../../../src/site/lastmod.ts";

const of = (given: unknown): string | undefined => lastmodOf("routes.film.updated", given);

describe("lastmod", () => {
  test.each([
    "2024-05-01",
    "2024-02-29",
    "0001-01-01",
    "9999-12-31",
    "2024-05-01T00:00:00Z",
    "2024-05-01T23:59:59.123456789Z",
    "2024-05-01T12:00:00+14:00",
    "2024-05-01T12:00:00.5-03:30",
  ])("is %s as it stands", (text) => expect(of(text)).toBe(text));

  test("is left out where there is none", () => expect(of(undefined)).toBeUndefined());

  test("has seconds, which XML Schema wants", () => {
    expect(of("2024-05-01T12:30Z")).toBe("2024-05-01T12:30:00Z");
    expect(of("2024-05-01T12:30+02:00")).toBe("2024-05-01T12:30:00+02:00");
  });

  test.each([
    ["", '""'],
    ["2024", '"2024"'],
    ["2024-5-1", '"2024-5-1"'],
    ["2023-02-29", '"2023-02-29"'],
    ["2024-04-31T00:00:00Z", '"2024-04-31T00:00:00Z"'],
    ["0000-01-01", '"0000-01-01"'],
    ["2024-05-01T12:00:00", "no ISO date"],
    ["2024-05-01T24:00:00Z", "no ISO date"],
    ["2024-05-01T12:00:60Z", "no ISO date"],
    ["2024-05-01T12:00:00+14:30", "no ISO date"],
    ["2024-05-01 12:00:00Z", "no ISO date"],
    ["2024-05-01</lastmod>", "no ISO date"],
    ["2024-05-01\n", "no ISO date"],
    ["x".repeat(1000), `"${"x".repeat(60)}…"`],
    [null, "returned null"],
    [20240501, "returned number"],
    [new Date(0), "returned a Date"],
    [Promise.resolve("2024-05-01"), "returned object"],
  ])("is not %j: it says what was given, and what is wanted", (given, said) => {
    expect(() => of(given)).toThrow(RekilnError);
    expect(() => of(given)).toThrow(/^routes\.film\.updated returned .+, which is no ISO date\.$/);
    expect(() => of(given)).toThrow(said);
  });
});
