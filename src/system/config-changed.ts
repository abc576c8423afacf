import { RekilnError } from "../core/errors.ts";

/** A thread loaded another config than the one that the build began with. */
export function configChanged(): RekilnError {
  return new RekilnError({
    code: "config-changed",
    message: "The config, or a module that it imports, changed while the build was starting.",
    disposition: "retry",
    hint: "Run the command again.",
  });
}
