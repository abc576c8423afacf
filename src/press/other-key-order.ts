import type { EntityData } from "../core/entity.ts";
import type { EntityRecord, Snapshot } from "../source/source.ts";

/** A snapshot whose records have the keys of all their objects the other way round: to see whether a page tells. */
export function otherKeyOrder(snapshot: Snapshot): Snapshot {
  // A page may get one record by its id and in a list: it is the same one there too.
  const turned = new WeakMap<EntityRecord, EntityRecord>();
  const turn = (record: EntityRecord): EntityRecord => {
    let other = turned.get(record);
    if (other === undefined) {
      const { id } = record;
      let data: EntityData | undefined;
      other = {
        id,
        // An object that was JSON is one with its keys in another order too.
        get data() {
          return (data ??= reversed(record.data) as EntityData);
        },
      };
      turned.set(record, other);
    }
    return other;
  };
  return {
    version: snapshot.version,
    get: (type, id) => {
      const record = snapshot.get(type, id);
      return record && turn(record);
    },
    prefetch: (type, ids) => snapshot.prefetch(type, ids),
    list: (type, where, order, offset, limit) => snapshot.list(type, where, order, offset, limit).map(turn),
    count: (type, where) => snapshot.count(type, where),
    has: (type, field, value) => snapshot.has(type, field, value),
    values: (type, field) => snapshot.values(type, field),
    ids: (type, after, limit) => snapshot.ids(type, after, limit),
    distinct: (type, field, after, limit) => snapshot.distinct(type, field, after, limit),
  };
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}
