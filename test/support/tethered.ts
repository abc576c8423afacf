import { existsSync } from "node:fs";

/** Debian's own, as those of most other systems with Linux. */
const SETPRIV = "/usr/bin/setpriv";

/**
 * What to spawn so that a process doesn't outlive this one, however it ends: hooks of tests don't run when the tests themselves are killed. Where
 * the system can't do that the process is spawned as it is.
 */
export function tethered(file: string, args: readonly string[]): readonly [string, string[]] {
  return existsSync(SETPRIV) ? [SETPRIV, ["--pdeathsig", "KILL", file, ...args]] : [file, [...args]];
}
