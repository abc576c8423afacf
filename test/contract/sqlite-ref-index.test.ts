import { join } from "node:path";

import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

import { pageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import { claimRef, entityRef } from "../../src/core/ref.ts";
import type { RefHash } from "../../src/core/ref.ts";
import type { Edge, ManifestTransaction } from "../../src/manifest/manifest.ts";
import { SqliteManifest } from "../../src/manifest/sqlite-manifest.ts";
import { recordOf } from "./manifest-under-test.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const film = (n: number): PageKey => pageKey("film", String(n), 1);
const entityEdge = (ref: RefHash): Edge => ({ ref, dependency: { kind: "entity", fields: "*" } });

function openManifest(): SqliteManifest {
  const manifest = new SqliteManifest(join(temporaryFolder(), "manifest.db"));
  onTestFinished(() => manifest[Symbol.dispose]());
  return manifest;
}

const pagesWith = (manifest: SqliteManifest, ref: RefHash): string[] =>
  [...manifest.dependants(ref)].map(({ key }) => key).toSorted();

test("finds every page of a ref whose entries fill several blocks, and none of its neighbours'", () => {
  const manifest = openManifest();
  const [popular, rare] = [entityRef("film", "popular"), entityRef("film", "rare")];
  manifest.beginBulk();
  const record = (transaction: ManifestTransaction, from: number, to: number): void => {
    for (let n = from; n < to; n++) {
      const edges = [entityEdge(entityRef("film", `own ${n}`))];
      if (n % 10 !== 3) edges.push(entityEdge(popular));
      if (n === 4321) edges.push(entityEdge(rare));
      transaction.record(recordOf(film(n)), edges);
    }
  };
  for (const [from, to] of [
    [0, 2500],
    [2500, 5000],
    [5000, 7000],
  ] as const) {
    manifest.transact((transaction) => record(transaction, from, to));
    // The last are found when it ends.
    if (to < 7000) manifest.followBulk();
  }
  manifest.finishBulk();
  const all = Array.from({ length: 7000 }, (_, n) => n);
  expect(pagesWith(manifest, popular)).toEqual(
    all
      .filter((n) => n % 10 !== 3)
      .map(film)
      .toSorted(),
  );
  expect(pagesWith(manifest, rare)).toEqual([film(4321)]);
  for (const n of [0, 1, 3499, 6999]) expect(pagesWith(manifest, entityRef("film", `own ${n}`))).toEqual([film(n)]);
  expect(pagesWith(manifest, entityRef("film", "nobody's"))).toEqual([]);
});

test("tells what a plain list of all edges would tell, after any edits and any number of new indexes", () => {
  const refs = Array.from({ length: 12 }, (_, n) => entityRef("film", `ref ${n}`));
  const edit = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant("record"), fc.nat(9), fc.uniqueArray(fc.nat(11), { maxLength: 6 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("fail"), fc.nat(9), fc.uniqueArray(fc.nat(11), { maxLength: 3 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("remove"), fc.nat(9), fc.constant([])) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("index"), fc.nat(9), fc.constant([])) },
  );
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
      const manifest = openManifest();
      const model = new Map<PageKey, Set<number>>();
      for (const [what, n, used] of edits) {
        const key = film(n);
        const edges = used.map((ref) => entityEdge(refs[ref] ?? entityRef("", "")));
        const row = manifest.page(key);
        if (what === "index") manifest.finishBulk();
        else if (what === "remove") {
          if (row !== undefined) manifest.transact((transaction) => transaction.remove(row));
          model.delete(key);
        } else if (what === "record") {
          manifest.transact((transaction) => transaction.record(recordOf(key), edges));
          model.set(key, new Set(used));
        } else {
          manifest.transact((transaction) => transaction.recordFailure({ ...recordOf(key), error: "x" }, edges));
          model.set(key, new Set([...(model.get(key) ?? []), ...used]));
        }
      }
      for (const [place, ref] of refs.entries()) {
        const expected = [...model].filter(([, used]) => used.has(place)).map(([key]) => key);
        expect(pagesWith(manifest, ref)).toEqual(expected.toSorted());
      }
    }),
    { numRuns: 60 },
  );
});

test("many pages below one folder aren't told of as sharing a path, those that want one file are", () => {
  const manifest = openManifest();
  manifest.beginBulk();
  const claims = (own: string, folders: readonly string[]): Edge[] => [
    { ref: claimRef(own), dependency: { kind: "claim" } },
    ...folders.map((folder): Edge => ({ ref: claimRef(folder), dependency: { kind: "folder" } })),
  ];
  manifest.transact((transaction) => {
    for (let n = 0; n < 3000; n++) transaction.record(recordOf(film(n)), claims(`v1.0/${n}/`, ["v1.0"]));
    // One that failed before it had read anything.
    transaction.recordFailure({ ...recordOf(film(4000)), error: "x" }, []);
    transaction.record(recordOf(film(5000)), claims("same/", []));
  });
  manifest.followBulk();
  manifest.transact((transaction) => {
    transaction.record(recordOf(film(5001)), claims("same/", []));
  });
  manifest.finishBulk();
  expect([...manifest.collidingPages()].toSorted()).toEqual([film(5000), film(5001)]);
  manifest.transact((transaction) => transaction.record(recordOf(film(6000)), claims("v1.0", [])));
  expect(manifest.collidingPages()).toHaveLength(3003);
});
