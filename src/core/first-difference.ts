const SHOWN_MAX = 200;

/** The first line in which two texts differ, from 1, with what it is in each; one that a text lacks is empty there. */
export interface LineDifference {
  readonly line: number;
  readonly left: string;
  readonly right: string;
}

/** Where two texts that aren't equal first differ. Long lines are cut to where they differ. */
export function firstDifference(left: string, right: string): LineDifference {
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at++;
  const line = left.slice(0, at).split("\n").length;
  return { line, left: lineAround(left, at), right: lineAround(right, at) };
}

function lineAround(text: string, at: number): string {
  const start = Math.max(text.lastIndexOf("\n", at - 1) + 1, at - SHOWN_MAX / 2);
  const end = text.indexOf("\n", at);
  return text.slice(start, Math.min(end < 0 ? text.length : end, start + SHOWN_MAX));
}
