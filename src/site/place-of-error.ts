import { pathToFileURL } from "node:url";

import { withoutTag } from "./recorded-import.ts";

/** A line of a file. */
export interface Place {
  /** Absolute. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The first of the site's modules that the stack of what was thrown names with a line. */
export function placeOfError(thrown: unknown, modules: Iterable<string>): Place | undefined {
  const stack = thrown instanceof Error ? withoutTag(thrown.stack ?? "") : "";
  const places = [...modules].flatMap((file) =>
    [file, pathToFileURL(file).href].map((name) => {
      const index = stack.indexOf(`${name}:`);
      return { file, index, line: /^[0-9]+/.exec(stack.slice(index + name.length + 1))?.[0] };
    }),
  );
  const [first] = places
    .filter(({ index, line }) => index >= 0 && line !== undefined)
    .toSorted((a, b) => a.index - b.index);
  return first === undefined ? undefined : { file: first.file, line: Number(first.line) };
}
