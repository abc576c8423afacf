const LINES_MAX = 5;
const LINE_LENGTH_MAX = 200;

/** A line that is another one in a second rendering; `undefined` where one of the two has fewer lines. */
export interface DifferingLine {
  /** From 1. */
  readonly line: number;
  readonly first: string | undefined;
  readonly second: string | undefined;
}

/** A JSON text with the keys of all objects in order: order of keys means nothing there. */
function canonical(text: string): string {
  const inOrder = (_key: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(JSON.parse(text, undefined), inOrder, 1);
}

/** How two renderings of a page differ: its first differing lines. */
export function renderDifferences(first: string, second: string, isJson: boolean): readonly DifferingLine[] {
  if (first === second) return [];
  const [left, right] = isJson ? [canonical(first), canonical(second)] : [first, second];
  const [before, after] = [left.split("\n"), right.split("\n")];
  const found: DifferingLine[] = [];
  for (let index = 0; index < Math.max(before.length, after.length) && found.length < LINES_MAX; index++) {
    const [a, b] = [before[index], after[index]];
    if (a !== b) found.push({ line: index + 1, first: around(a, b), second: around(b, a) });
  }
  return found;
}

/** The part of a long line in which it differs from another one. */
function around(text: string | undefined, other: string | undefined): string | undefined {
  if (text === undefined || text.length <= LINE_LENGTH_MAX) return text;
  let start = 0;
  while (start < text.length && text[start] === other?.[start]) start++;
  const from = Math.max(0, start - LINE_LENGTH_MAX / 4);
  return `${from > 0 ? "…" : ""}${text.slice(from, from + LINE_LENGTH_MAX)}${from + LINE_LENGTH_MAX < text.length ? "…" : ""}`;
}
