import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { Scalar } from "./read.ts";

/** An entity as the machine handles it: what the schema gave, as plain JSON. */
export type EntityData = { readonly id: string; readonly [field: string]: unknown };

/** A declared entity type as the machine handles it. */
export interface EntityModel {
  readonly name: string;
  readonly schema: StandardSchemaV1<unknown, EntityData>;
  /** The fields that lists filter, sort or group by. */
  readonly index: readonly string[];
  /** The field that says from when on an entity exists. */
  readonly publishAt?: string | undefined;
  /** The field that says from when on it exists no longer. */
  readonly expireAt?: string | undefined;
}

export interface OrderField {
  readonly field: string;
  readonly descending: boolean;
}

/** Fields are ANDed; an array of values means any of them. */
export type WhereValues = Readonly<Record<string, Scalar | readonly Scalar[]>>;
