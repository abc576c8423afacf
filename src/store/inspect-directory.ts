import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { messageOf } from "../core/errors.ts";
import { bad, doubtful, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import { STATE_FOLDER } from "./directory.ts";

const ROOM_BYTES = 256 << 20;

/** Looks whether a directory can be a store: written, renamed in, with room. What it writes it removes. */
export function inspectDirectory(root: string): readonly Finding[] {
  const what = `store ${root}`;
  try {
    if (!existsSync(root)) {
      accessSync(nearestFolder(root), constants.W_OK);
      return [doubtful(what, "isn't there yet", "Run rekiln build: it makes it.")];
    }
    tryToReplace(join(root, STATE_FOLDER, "tmp"), root);
  } catch (error) {
    const hint = "Give this user the right to write there, or name another folder in `store: directory(…)`.";
    return [bad(what, `can't be written: ${messageOf(error)}`, hint)];
  }
  const { bavail, bsize } = statfsSync(root);
  const room = `${Math.floor((bavail * bsize) / 1e6).toLocaleString("en-US")} MB are free`;
  return [
    good(what, "can be written, and its files replaced in one step"),
    bavail * bsize < ROOM_BYTES ? doubtful(what, room, "Make room before it is full.") : good(what, room),
  ];
}

function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

/** Puts a file in the place of another one, as every page is put. */
function tryToReplace(temporary: string, root: string): void {
  mkdirSync(temporary, { recursive: true, mode: 0o750 });
  const probe = mkdtempSync(join(root, STATE_FOLDER, "probe-"));
  const staged = join(temporary, `${process.pid}-probe`);
  try {
    writeFileSync(join(probe, "old"), "old");
    writeFileSync(staged, "new");
    renameSync(staged, join(probe, "old"));
  } finally {
    rmSync(probe, { recursive: true, force: true });
    rmSync(staged, { force: true });
  }
}
