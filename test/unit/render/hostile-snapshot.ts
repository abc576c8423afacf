import type { EntityData } from "../../../src/core/entity.ts";
import type { EntityRecord, Snapshot } from "../../../src/source/source.ts";

const ROWS_MAX = 3;

/** The value with every text in it replaced, but keys, and what stands in fields that are `kept`. */
function withText(value: unknown, text: string, kept: readonly string[]): unknown {
  if (typeof value === "string") return text;
  if (Array.isArray(value)) return value.map((inner) => withText(inner, text, kept));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, kept.includes(key) ? inner : withText(inner, text, kept)]),
  );
}

/**
 * A snapshot in which every text of every entity is the same one, ids too, and everything that is asked for is there: whatever a template prints, it
 * prints that.
 */
export function hostileSnapshot(snapshot: Snapshot, text: string, kept: readonly string[] = []): Snapshot {
  const turn = ({ data }: EntityRecord): EntityRecord => ({ id: text, data: withText(data, text, kept) as EntityData });
  const anyOf = (type: string): EntityRecord | undefined => {
    const [id] = snapshot.ids(type, undefined, 1);
    return id === undefined ? undefined : snapshot.get(type, id);
  };
  return {
    version: snapshot.version,
    get: (type) => {
      const record = anyOf(type);
      return record && turn(record);
    },
    prefetch: () => undefined,
    list: (type, _where, order, _offset, limit) =>
      snapshot.list(type, {}, order, 0, Math.min(limit, ROWS_MAX)).map(turn),
    count: (type) => snapshot.count(type, {}),
    has: () => true,
    values: (type, field) =>
      snapshot
        .values(type, field)
        .slice(0, 1)
        .map(({ count }) => ({ value: text, count })),
    ids: (type, after, limit) => snapshot.ids(type, after, limit),
    distinct: (type, field, after, limit) => snapshot.distinct(type, field, after, limit),
  };
}
