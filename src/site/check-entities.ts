import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { EntityData, EntityModel } from "../core/entity.ts";
import { checkKeys, isObject } from "./check-object.ts";
import type { Report } from "./problem.ts";

const TYPE_NAME = /^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u;
/** A leading `-` would read as descending order. */
const FIELD_NAME = /^[^-\p{Cc}\p{Cs}][^\p{Cc}\p{Cs}]*$/u;

export interface CheckedEntities {
  readonly models: ReadonlyMap<string, EntityModel>;
  /** The indexed fields of every type that was declared, sound or not, so that routes are checked against all of them. */
  readonly indexes: ReadonlyMap<string, readonly string[]>;
}

function isStandardSchema(value: unknown): value is StandardSchemaV1<unknown, EntityData> {
  // Some libraries' schemas are functions. What the schema gives out is checked record by record.
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  if (!("~standard" in value)) return false;
  const standard = value["~standard"];
  return isObject(standard) && standard["version"] === 1 && typeof standard["validate"] === "function";
}

function checkIndex(path: string, value: unknown, report: Report): readonly string[] {
  if (!Array.isArray(value)) {
    report(path, "is no array of field names", 'give the indexed fields, e.g. index: ["genres", "rating"]');
    return [];
  }
  const fields: string[] = [];
  for (const [position, field] of value.entries()) {
    const at = `${path}.${position}`;
    if (typeof field !== "string" || !FIELD_NAME.test(field)) {
      report(at, "is no field name", "give a name as a string that doesn't start with -");
    } else if (fields.includes(field)) {
      report(at, `names the field ${field} again`, "remove it");
    } else {
      fields.push(field);
    }
  }
  return fields;
}

function checkMoment(path: string, value: unknown, report: Report): string | undefined {
  if (value === undefined || (typeof value === "string" && FIELD_NAME.test(value))) return value;
  report(path, "is no field name", "give the name of the field that holds the time");
  return undefined;
}

/** Checks what `defineEntities` gave. Undefined when there is nothing that routes could be checked against. */
export function checkEntities(value: unknown, report: Report): CheckedEntities | undefined {
  if (!isObject(value) || !isObject(value["types"])) {
    report("entities", "doesn't come from defineEntities", "write entities: defineEntities({ film: entity(schema) })");
    return undefined;
  }
  const models = new Map<string, EntityModel>();
  const indexes = new Map<string, readonly string[]>();
  for (const [name, type] of Object.entries(value["types"])) {
    const path = `entities.${name}`;
    if (!TYPE_NAME.test(name) || name !== name.normalize("NFC")) {
      const rule = "an entity type's name is letters, digits, - and _, and doesn't start with a digit or -";
      report(path, "is no name for an entity type", `rename it: ${rule}`);
    }
    indexes.set(name, []);
    if (!isObject(type)) {
      report(path, "doesn't come from entity", `write ${name}: entity(schema, { index: [...] })`);
      continue;
    }
    checkKeys(path, type, ["schema", "index", "publishAt", "expireAt"], report);
    const index = checkIndex(`${path}.index`, type["index"], report);
    indexes.set(name, index);
    const publishAt = checkMoment(`${path}.publishAt`, type["publishAt"], report);
    const expireAt = checkMoment(`${path}.expireAt`, type["expireAt"], report);
    const schema = type["schema"];
    if (isStandardSchema(schema)) models.set(name, { name, schema, index, publishAt, expireAt });
    else
      report(`${path}.schema`, "is no Standard Schema", "give a schema of zod 4, valibot or arktype, or unchecked()");
  }
  return { models, indexes };
}
