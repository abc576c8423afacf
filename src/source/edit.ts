/** What somebody wants to be done with one entity of a source that can be written. */
export type Edit =
  /** The whole record; its id is the one that the schema gives out, and must be `id` where that is given. */
  | { readonly kind: "put"; readonly type: string; readonly input: unknown; readonly id?: string }
  /** Some fields, laid over those that are stored; the whole is then checked by the schema. */
  | {
      readonly kind: "patch";
      readonly type: string;
      readonly id: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "delete"; readonly type: string; readonly id: string }
  /** Nothing of it changes, but its pages are to be made anew. */
  | { readonly kind: "touch"; readonly type: string; readonly id: string };

/** How an edit ended. */
export type EditOutcome =
  /** Done, and its event is in the outbox. */
  | {
      readonly kind: "inserted" | "updated" | "deleted" | "touched";
      readonly type: string;
      readonly id: string;
      readonly version: number;
    }
  /** What was put is what is stored: nothing was written. */
  | { readonly kind: "same"; readonly type: string; readonly id: string }
  /** There is no such entity to patch or to delete. */
  | { readonly kind: "absent"; readonly type: string; readonly id: string }
  /** The record isn't what the schema asks for; what is stored stays. */
  | { readonly kind: "refused"; readonly type: string; readonly message: string };
