import { basename, relative } from "node:path";
import { inspect } from "node:util";

import { messageOf, RekilnError } from "../core/errors.ts";
import { placeOfError } from "./place-of-error.ts";
import { withoutTag } from "./recorded-import.ts";
import type { RecordedImport } from "./recorded-import.ts";

type Failure = RecordedImport & { readonly ok: false };

function hintFor(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return "Node only strips types: write it without enums, namespaces with values, parameter properties and JSX.";
  }
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") {
    return "Correct the import (local files are named with their extension), or install the package.";
  }
  // Node's own words for a module that package.json says is CommonJS.
  if (thrown instanceof SyntaxError && /import statement outside a module|token 'export'/.test(thrown.message)) {
    return 'It is an ES module: say "type": "module" in package.json with npm pkg set type=module.';
  }
  if (thrown instanceof SyntaxError) return "Correct the syntax there, and run it again.";
  return "Loading the config runs it: correct what it throws, and run it again.";
}

/** `config-broken`: the config or a module that it imports can't be loaded; names the file, and the line if known. */
export function brokenConfigError(root: string, failure: Failure): RekilnError {
  const place = placeOfError(failure.thrown, [...failure.modules, failure.at]);
  const { file, line } = place ?? { file: failure.at, line: undefined };
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
