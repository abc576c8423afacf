import { hash } from "node:crypto";

import type { EntityData, EntityModel } from "../core/entity.ts";
import { messageOf } from "../core/errors.ts";
import { valuesOf } from "../core/tuple.ts";
import { visibleTimeProblem } from "../core/visible-time.ts";
import { RECORD_BYTES_MAX } from "./record-files.ts";
import type { RecordBytes } from "./record-files.ts";

export type CheckedRecord =
  | { readonly ok: true; readonly entity: EntityData }
  | { readonly ok: false; readonly message: string };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The first thing in `value` that JSON can't hold, as a path and what it is. */
function notPlain(value: unknown, path: string): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : `${path} is ${value}`;
    case "object": {
      if (value === null) return undefined;
      if (Array.isArray(value)) {
        for (const [index, inner] of value.entries()) {
          if (inner === undefined) return `${path}[${index}] is undefined`;
          const found = notPlain(inner, `${path}[${index}]`);
          if (found !== undefined) return found;
        }
        return undefined;
      }
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) return `${path} is a ${value.constructor.name}`;
      for (const [key, inner] of Object.entries(value)) {
        if (inner === undefined) continue;
        const found = notPlain(inner, path === "" ? key : `${path}.${key}`);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    default:
      return `${path} is a ${typeof value}`;
  }
}

function idOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("id" in value)) return undefined;
  return typeof value.id === "string" ? value.id : undefined;
}

/** What an entity must be beyond its schema: plain JSON with a string id, whose keys can be stored and compared. */
function problemOf(model: EntityModel, value: unknown): string | undefined {
  const id = idOf(value);
  if (id === undefined) return "the schema's output has no string `id`";
  if (!id.isWellFormed()) return "`id` has an unpaired surrogate";
  const plain = notPlain(value, "");
  if (plain !== undefined) return `${plain}: the schema's output must be plain JSON`;
  for (const field of model.index) {
    // `notPlain` has seen that it is a plain object.
    const values = valuesOf((value as EntityData)[field]);
    if (values.some((one) => typeof one === "string" && !one.isWellFormed())) {
      return `\`${field}\` is indexed and has an unpaired surrogate`;
    }
  }
  return visibleTimeProblem(model, value as EntityData);
}

/** A record as it stands in its file, before the schema has seen it. */
export type DecodedRecord =
  | { readonly ok: true; readonly input: unknown; readonly id: string | undefined }
  | { readonly ok: false; readonly message: string; readonly id: undefined };

export function decodeRecord(bytes: Uint8Array): DecodedRecord {
  try {
    const input: unknown = JSON.parse(decoder.decode(bytes));
    return { ok: true, input, id: idOf(input) };
  } catch (error) {
    return { ok: false, message: `not valid JSON: ${messageOf(error)}`, id: undefined };
  }
}

/** Checks one record by its schema. A record that isn't right is a value, not an exception. */
export async function checkRecord(model: EntityModel, input: unknown): Promise<CheckedRecord> {
  try {
    const pending = model.schema["~standard"].validate(input);
    const result = pending instanceof Promise ? await pending : pending;
    if (result.issues !== undefined) {
      const issues = result.issues.slice(0, 3).map((issue) => {
        const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
        return path === "" ? issue.message : `${path}: ${issue.message}`;
      });
      return { ok: false, message: issues.join("; ") };
    }
    const problem = problemOf(model, result.value);
    return problem === undefined ? { ok: true, entity: result.value } : { ok: false, message: problem };
  } catch (error) {
    return { ok: false, message: `the schema of ${model.name} threw: ${messageOf(error)}` };
  }
}

/** Of a record's bytes: tells whether they are those that were taken in last. */
export function rawDigest(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer").subarray(0, 16);
}

/** Why a record has no bytes. */
export function lackOf({ problem }: RecordBytes): string {
  return problem ?? `is larger than ${RECORD_BYTES_MAX >> 20} MB`;
}
