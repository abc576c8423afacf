import { messageOf, RekilnError } from "../core/errors.ts";

const FORBIDDEN = "Give this user the right to write there, or run it as the user whose files these are.";
const FULL = "Nothing was damaged. Make room and run the command again: it goes on where it stopped.";
const DATABASES = "a database in .rekiln/ beside the config";

/** By Node's code: what to do about what the system refused. */
const SYSTEM: ReadonlyMap<string, string> = new Map([
  ["EACCES", FORBIDDEN],
  ["EPERM", FORBIDDEN],
  ["EROFS", FORBIDDEN],
  ["ENOSPC", FULL],
  ["EDQUOT", FULL],
  ["EMFILE", "Raise the limit (ulimit -n), or give --concurrency 1."],
  ["ENFILE", "End programs that hold many files open, and run it again."],
  ["EIO", "Check the disk, and run it again."],
  ["ENOTDIR", "Move away the file that stands where a folder should, and run it again."],
  ["EISDIR", "Move away the folder that stands where a file should, and run it again."],
]);

/** By SQLite's own words, which are all that is left of an error that comes from a thread. */
const SQLITE: readonly { readonly says: string; readonly message: string; readonly hint: string }[] = [
  {
    says: "database or disk is full",
    message: `No space is left for ${DATABASES}, or for temporary files (SQLITE_TMPDIR, else /var/tmp).`,
    hint: FULL,
  },
  { says: "attempt to write a readonly database", message: `This user can't write ${DATABASES}.`, hint: FORBIDDEN },
  { says: "unable to open database file", message: `This user can't open ${DATABASES}.`, hint: FORBIDDEN },
  {
    // SQLite says so too when a full disk has no space for what it keeps beside a database.
    says: "disk I/O error",
    message: `The disk is full, or fails, under ${DATABASES}.`,
    hint: "Make room, or check the disk, and run the command again: it goes on where it stopped.",
  },
  {
    says: "database is locked",
    message: `Another process has been writing to ${DATABASES} for long.`,
    hint: "Try again, or end that process.",
  },
  ...["database disk image is malformed", "file is not a database"].map((says) => ({
    says,
    message: `There is damage in ${DATABASES}.`,
    hint: "With files(), delete .rekiln/ and run rekiln build, which makes it anew. With embedded(), bring entities.db back from your backup first.",
  })),
];

/** What the machine refused (rights, space, the disk), with what to do about it; undefined for any other error. */
export function machineError(error: unknown): RekilnError | undefined {
  const text = messageOf(error);
  const [, code = ""] = /^(E[A-Z]+): /.exec(text) ?? [];
  const hint = SYSTEM.get(code);
  if (hint !== undefined) return refused(`${text}.`, hint, error);
  const meaning = SQLITE.find(({ says }) => text.includes(says));
  return meaning === undefined ? undefined : refused(meaning.message, meaning.hint, error);
}

function refused(message: string, hint: string, cause: unknown): RekilnError {
  return new RekilnError({ code: "machine-refused", message, disposition: "retry", hint, cause });
}
