import { describe, expect, test } from "vitest";

import type { SourceUnderTest } from "./source-under-test.ts";

/** When the version of a source rises. */
export function sourceVersionsContract(name: string, under: SourceUnderTest): void {
  const { put, look, changesSince } = under;

  describe(`${name}: versions`, () => {
    test("rise only when something changed", async () => {
      await put({ id: "1", title: "Alien" });
      const first = under.source.version();
      const again = await put({ id: "1", title: "Alien" });
      expect(again).toMatchObject({ inserted: 0, updated: 0, deleted: 0, kept: 0, problems: [] });
      expect(under.source.version()).toBe(first);
      await put({ id: "1", title: "Aliens" });
      expect(under.source.version()).toBeGreaterThan(first);
      const second = under.source.version();
      await put({ id: "1", title: "Aliens" });
      expect(under.source.version()).toBe(second);
    });

    test("are those of snapshots", async () => {
      await put({ id: "1" });
      expect(look(({ version }) => version)).toBe(under.source.version());
    });

    test("count on from above what they are raised to, and rise even when that is below", async () => {
      await put({ id: "1" });
      under.source.raiseVersion(1_000_000);
      const raised = under.source.version();
      expect(raised).toBeGreaterThan(1_000_000);
      expect(look(({ version }) => version)).toBe(raised);
      await put({ id: "1", title: "x" });
      expect(under.source.version()).toBeGreaterThan(raised);
      const before = under.source.version();
      under.source.raiseVersion(5);
      expect(under.source.version()).toBeGreaterThan(before);
    });

    test("don't rise when an entity's fields stand in another order, unless pages are told of it", async () => {
      await put({ id: "1", a: 1, b: 2 });
      const version = under.source.version();
      const before = look((snapshot) => JSON.stringify(snapshot.get("film", "1")?.data));
      await put({ b: 2, a: 1, id: "1" });
      const after = look((snapshot) => JSON.stringify(snapshot.get("film", "1")?.data));
      expect(changesSince(version).length > 0).toBe(before !== after);
      expect(under.source.version() > version).toBe(before !== after);
    });
  });
}
