import { beforeEach, describe, expect, test } from "vitest";

import { rekiln } from "../support/cli.ts";
import { buildHere } from "../support/run-in-process.ts";
import { drainHere, SnapshotFleet, snapshotHere } from "../support/snapshot-fleet.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import type { Film } from "./film-site.ts";

let fleet: SnapshotFleet;
let films: Map<string, Film>;
let writer: TemporarySite;
let reader: TemporarySite;

beforeEach(async () => {
  fleet = await SnapshotFleet.start();
  films = new Map(filmsOf(30).map((film) => [film.id, film]));
  const site = filmSite([...films.values()]);
  reader = fleet.makeReader(site);
  writer = fleet.makeWriter(site);
});

/** Edits a film where the source is; undefined removes it. */
function edit(id: string, change: Partial<Film> | undefined): void {
  const before = films.get(id) ?? filmOf(Number(id));
  if (change === undefined) films.delete(id);
  else films.set(id, { ...before, ...change });
  writer.records("film", [...films.values()]);
}

/** How the reader's pages differ from those of a clean build of the films as they are. */
async function differencesFromClean(): Promise<readonly string[]> {
  const clean = filmSite([...films.values()]);
  await buildHere(clean);
  return differences(clean.pages(), reader.pages());
}

async function waiting(): Promise<number> {
  const { live, bulk } = { live: fleet.sqs.queue("films-live"), bulk: fleet.sqs.queue("films-bulk") };
  return live.size + bulk.size;
}

test("a machine that reads snapshots builds and drains what another one has written, and equals a clean build", async () => {
  expect(await snapshotHere(writer)).toMatchObject({ did: "written", inserted: 0, lastVersion: undefined });
  await buildHere(reader);
  expect(await differencesFromClean()).toEqual([]);
  edit("7", { title: "Seven", rating: 9.9 });
  edit("9", { slug: "nine" });
  edit("12", undefined);
  edit("31", {});
  const { version, inserted, updated, deleted, written } = await snapshotHere(writer);
  expect({ inserted, updated, deleted, events: written?.events }).toEqual({ inserted: 1, updated: 2, deleted: 1, events: 4 });
  const { result } = await drainHere(reader);
  expect(result).toMatchObject({ ended: "empty", released: 0 });
  expect(result.tally.setAside).toBe(0);
  expect(await differencesFromClean()).toEqual([]);
  expect(fleet.current().version).toBe(version);
});
