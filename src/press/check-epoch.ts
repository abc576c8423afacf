import { RekilnError } from "../core/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";

/**
 * Within a transaction: whoever was started with an older set of templates writes nothing any more.
 *
 * @throws RekilnError `epoch-behind` when a newer set than `epoch` was registered
 */
export function checkEpoch(manifest: Manifest, epoch: number): void {
  if (Number(manifest.meta("epoch") ?? 0) <= epoch) return;
  throw new RekilnError({
    code: "epoch-behind",
    message: "Newer templates were released while this worker ran.",
    disposition: "retry",
    hint: "Start it again with them.",
  });
}
