import { onTestFinished } from "vitest";

import { join } from "node:path";

import type { EntityModel } from "../../src/core/entity.ts";
import { unchecked } from "../../src/site/entities.ts";
import type { Edit } from "../../src/source/edit.ts";
import { EmbeddedSource } from "../../src/source/embedded-source.ts";
import type { RefreshReport } from "../../src/source/source.ts";
import type { Index, SourceHarness } from "./source-under-test.ts";

/** Models that take whatever has a string id. */
export const modelsOf = (index: Index): ReadonlyMap<string, EntityModel> =>
  new Map(Object.entries(index).map(([name, fields]) => [name, { name, schema: unchecked(), index: fields }]));

/** The source of a folder, closed when the test ends. */
export function openEmbedded(folder: string, models: ReadonlyMap<string, EntityModel>): EmbeddedSource {
  const source = new EmbeddedSource({ file: join(folder, "entities.db"), models, firstVersion: 0 });
  onTestFinished(() => {
    try {
      source[Symbol.dispose]();
    } catch {
      // The test has closed it already.
    }
  });
  return source;
}

/** A source that is written until it holds what was put. */
export function embeddedHarness(folder: string, index: Index): SourceHarness {
  const source = openEmbedded(folder, modelsOf(index));
  const wanted = new Map<string, readonly unknown[]>();
  return {
    source,
    put: (type, records) => void wanted.set(type, records),
    takeIn: async () => {
      await source.refresh(() => undefined, new AbortController().signal);
      const edits = [...wanted].flatMap(([type, records]) => editsTo(source, type, records));
      wanted.clear();
      const outcomes = await source.apply(edits);
      const count = (kind: string): number => outcomes.filter((outcome) => outcome.kind === kind).length;
      const report: RefreshReport = {
        records: edits.length,
        inserted: count("inserted"),
        updated: count("updated"),
        deleted: count("deleted"),
        kept: 0,
        problems: [],
        problemCount: count("refused"),
      };
      return report;
    },
    reopen: (other) => {
      source[Symbol.dispose]();
      return embeddedHarness(folder, other);
    },
  };
}

function editsTo(source: EmbeddedSource, type: string, records: readonly unknown[]): readonly Edit[] {
  if (records.length === 0) return [];
  using reader = source.reader();
  const stored = reader.snapshot().ids(type, undefined, 10_000);
  const ids = new Set(records.map((record) => (record as { readonly id: unknown }).id));
  return [
    ...records.map((input): Edit => ({ kind: "put", type, input })),
    ...stored.filter((id) => !ids.has(id)).map((id): Edit => ({ kind: "delete", type, id })),
  ];
}
