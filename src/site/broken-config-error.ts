import { basename, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

import { messageOf, RekilnError } from "../core/errors.ts";
import { withoutTag } from "./recorded-import.ts";
import type { RecordedImport } from "./recorded-import.ts";

type Failure = RecordedImport & { readonly ok: false };

interface Place {
  readonly file: string;
  /** From 1; undefined when the failure names none. */
  readonly line: number | undefined;
}

/** The first of the site's modules that the stack names with a line, else the module that was being loaded. */
function placeOf(failure: Failure): Place {
  const stack = failure.thrown instanceof Error ? withoutTag(failure.thrown.stack ?? "") : "";
  const places = [...failure.modules, failure.at].flatMap((file) =>
    [file, pathToFileURL(file).href].map((name) => {
      const index = stack.indexOf(`${name}:`);
      return { file, index, line: /^[0-9]+/.exec(stack.slice(index + name.length + 1))?.[0] };
    }),
  );
  const [first] = places
    .filter(({ index, line }) => index >= 0 && line !== undefined)
    .toSorted((a, b) => a.index - b.index);
  return first === undefined ? { file: failure.at, line: undefined } : { file: first.file, line: Number(first.line) };
}

function hintFor(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return "Node only strips types: write it without enums, namespaces with values, parameter properties and JSX.";
  }
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") {
    return "Correct the import (local files are named with their extension), or install the package.";
  }
  if (thrown instanceof SyntaxError) return "Correct the syntax there, and run it again.";
  return "Loading the config runs it: correct what it throws, and run it again.";
}

/** `config-broken`: the config or a module that it imports can't be loaded; names the file, and the line if known. */
export function brokenConfigError(root: string, failure: Failure): RekilnError {
  const { file, line } = placeOf(failure);
  const inside = relative(root, file);
  const name = inside === "" ? basename(file) : inside;
  const said = failure.thrown instanceof Error ? messageOf(failure.thrown) : `threw ${inspect(failure.thrown)}`;
  return new RekilnError({
    code: "config-broken",
    message: `${name}${line === undefined ? "" : `:${line}`}: ${withoutTag(said)}`,
    disposition: "fatal",
    hint: hintFor(failure.thrown),
    cause: failure.thrown,
  });
}
