import type { PageKey } from "./page.ts";

/** `stamp`: the bytes are equal, but those that are stored have an older stamp, which a late put could still replace. */
export type WriteReason = "new" | "changed" | "moved" | "missing" | "altered" | "stamp";

/** How the press of one page ended. */
export type PageOutcome =
  | {
      readonly kind: "written";
      readonly reason: WriteReason;
      readonly key: PageKey;
      readonly path: string;
      readonly bytes: number;
    }
  /** The stored bytes are what was rendered, or are known to be without rendering. */
  | { readonly kind: "unchanged"; readonly reason: "equal" | "verified"; readonly key: PageKey }
  /** There is no such page in the snapshot, but one is published or known: it waits for its removal. */
  | { readonly kind: "gone"; readonly key: PageKey; readonly path: string | undefined }
  | { readonly kind: "removed"; readonly key: PageKey; readonly path: string | undefined }
  /** There is no such page, and nothing is known of one. */
  | { readonly kind: "absent"; readonly key: PageKey }
  /** What is stored was rendered from newer data or templates. */
  | { readonly kind: "newer"; readonly key: PageKey }
  /** Another page owns the path. */
  | { readonly kind: "collided"; readonly key: PageKey; readonly path: string; readonly owner: string }
  | {
      readonly kind: "failed";
      readonly key: PageKey;
      readonly error: string;
      /** Its template can't be compiled: all pages of its route fail for the same reason. */
      readonly isTemplateBroken: boolean;
    };
