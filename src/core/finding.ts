/** What somebody who looked found, for people: `hint` says how to mend it. */
export type Finding =
  | { readonly kind: "good"; readonly what: string; readonly says: string }
  /** It works, but not as well as it should. */
  | { readonly kind: "doubtful"; readonly what: string; readonly says: string; readonly hint: string }
  | { readonly kind: "bad"; readonly what: string; readonly says: string; readonly hint: string };

export const good = (what: string, says: string): Finding => ({ kind: "good", what, says });
export const doubtful = (what: string, says: string, hint: string): Finding => ({ kind: "doubtful", what, says, hint });
export const bad = (what: string, says: string, hint: string): Finding => ({ kind: "bad", what, says, hint });
