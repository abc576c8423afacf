import { RekilnError } from "../core/errors.ts";
import type { StoreTrouble } from "./object-store.ts";

/** What to throw where a request wasn't answered and nothing can go on without it. `name`: of the store. */
export function troubleError(trouble: StoreTrouble, name: string): RekilnError {
  if (trouble.kind !== "deferred") return trouble.error;
  const what = trouble.reason === "dollars-a-day" ? "dollars a day" : "puts a second";
  return new RekilnError({
    code: "store-deferred",
    message: `${name}: the cap on ${what} is reached until ${new Date(trouble.until).toISOString()}.`,
    disposition: "retry",
    hint: "What is left waits and is done then. Raise the cap in the config, if it is to be done sooner.",
  });
}
