import { createProgram } from "../../src/cli/program.ts";
import { commandReference } from "./command-reference.ts";
import { declarationReference } from "./declaration-reference.ts";

const INDEX = new URL("../../src/index.ts", import.meta.url.split("?")[0]);

/** The whole of docs/reference.md. */
export async function referenceText(): Promise<string> {
  return `${[
    "# Reference",
    "",
    "Made from the code by `npm run reference`: don't edit it. [guide.md](guide.md) says how these belong together, [operations.md](operations.md) how a site is run.",
    "",
    "## Commands",
    "",
    "Exit codes of all of them: 0 done; 1 some pages or records failed; 2 config or usage; 3 refused (a cap, an unreachable source, a site that isn't built); 130 interrupted. Results stand on stdout, progress and problems on stderr.",
    "",
    ...commandReference(await createProgram("0")),
    "## What a config and a program import",
    "",
    'All of it comes from `"rekiln"`. A config exports `defineSite({ … })` as its default.',
    "",
    ...declarationReference(INDEX),
  ]
    .join("\n")
    .trimEnd()}\n`;
}
