const BLOCK_BYTES = 1 << 16;
const LINE_FEED = 10;

/** The lines of two files between those that they begin and end with alike. */
export interface ChangedLines {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Compares two contents of a file of lines, in whole lines. */
export function changedLines(before: Buffer, after: Buffer): ChangedLines {
  const start = before.subarray(0, commonStart(before, after)).lastIndexOf(LINE_FEED) + 1;
  const rest = Math.min(before.length, after.length) - start;
  const end = commonEnd(before.subarray(before.length - rest), after.subarray(after.length - rest));
  // What they end with alike begins with a line: there, or behind the first line feed that both have.
  const beginsLine = (text: Buffer): boolean => end === text.length || text[text.length - end - 1] === LINE_FEED;
  const line = before.indexOf(LINE_FEED, before.length - end);
  const kept = beginsLine(before) && beginsLine(after) ? end : line < 0 ? 0 : before.length - line - 1;
  return { before: before.subarray(start, before.length - kept), after: after.subarray(start, after.length - kept) };
}

/** How many bytes two contents begin with alike. */
function commonStart(a: Buffer, b: Buffer): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (
    at < most &&
    a.subarray(at, Math.min(at + BLOCK_BYTES, most)).equals(b.subarray(at, Math.min(at + BLOCK_BYTES, most)))
  ) {
    at = Math.min(at + BLOCK_BYTES, most);
  }
  while (at < most && a[at] === b[at]) at++;
  return at;
}

/** How many bytes two contents of one length end with alike. */
function commonEnd(a: Buffer, b: Buffer): number {
  let at = a.length;
  while (
    at > 0 &&
    a.subarray(Math.max(0, at - BLOCK_BYTES), at).equals(b.subarray(Math.max(0, at - BLOCK_BYTES), at))
  ) {
    at = Math.max(0, at - BLOCK_BYTES);
  }
  while (at > 0 && a[at - 1] === b[at - 1]) at--;
  return a.length - at;
}
