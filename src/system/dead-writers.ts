import { hostname } from "node:os";

import type { Manifest } from "../manifest/manifest.ts";
import { writers } from "../press/strays.ts";
import { isProcessAlive } from "../store/process-alive.ts";
import { bootId } from "./boot-id.ts";
import type { ManifestSetup } from "./open-manifest.ts";

/** This run of this machine, or of this container on it. */
const MACHINE = `${hostname()}/${bootId()}`;

/** As what this process notes that it writes pages. */
export const OWN_WRITER = `${process.pid}@${MACHINE}`;

type Shared = ManifestSetup["kind"];

/** Processes that began to write pages, and died before they said that they had ended. Of other machines nobody here knows. */
export function deadWriters(manifest: Manifest, kind: Shared): readonly string[] {
  return otherWriters(manifest).filter((one) => fateOf(one, kind) === "dead");
}

/** Processes that may have died: those of other machines too. */
export function doubtfulWriters(manifest: Manifest, kind: Shared): readonly string[] {
  return otherWriters(manifest).filter((one) => fateOf(one, kind) !== "alive");
}

/** Whether no other process writes pages. */
export function isOnlyWriter(manifest: Manifest, kind: Shared): boolean {
  return otherWriters(manifest).every((one) => fateOf(one, kind) === "dead");
}

function fateOf(writer: string, kind: Shared): "alive" | "dead" | "unknown" {
  const [pid, machine = MACHINE] = writer.split("@");
  if (machine === MACHINE) return isProcessAlive(Number(pid)) ? "alive" : "dead";
  // A manifest in the state folder has had none but this machine: it was started anew since.
  return kind === "postgres" ? "unknown" : "dead";
}

function otherWriters(manifest: Manifest): readonly string[] {
  return writers(manifest).filter((one) => one !== OWN_WRITER);
}
