/**
 * Checks the pages of a built site.
 *
 *   node scripts/validate-html.ts DIR [--sample N]
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { HtmlValidate, StaticConfigLoader } from "html-validate";

/** What is wrong with a page, and where. */
export interface HtmlProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The rule of html-validate, as in `no-dup-id`. */
  readonly rule: string;
  readonly message: string;
}

/** Checks HTML files against the HTML standard and the rules of accessible markup that can be seen in one file. */
export async function validateHtml(files: readonly string[]): Promise<HtmlProblem[]> {
  const checker = new HtmlValidate(
    new StaticConfigLoader({
      root: true,
      extends: ["html-validate:standard", "html-validate:a11y"],
      rules: { "heading-level": "error", "no-inline-style": "error" },
    }),
  );
  const problems: HtmlProblem[] = [];
  for (const file of files) {
    const report = await checker.validateFile(file);
    for (const { messages } of report.results) {
      for (const { line, column, ruleId, message } of messages)
        problems.push({ file, line, column, rule: ruleId, message });
    }
  }
  return problems;
}

/** The `.html` files below `dir`, in order; at most `most` of them, spread evenly. */
export async function htmlFilesBelow(dir: string, most = Infinity): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true });
  const files = entries.filter((name) => name.endsWith(".html")).toSorted();
  const step = Math.max(1, files.length / most);
  const count = Math.min(files.length, most);
  return Array.from({ length: count }, (_, index) => join(dir, files[Math.floor(index * step)] ?? ""));
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { sample: { type: "string" } } });
  const [dir] = positionals;
  const most = values.sample === undefined ? Infinity : Number(values.sample);
  if (dir === undefined || !(most >= 1)) {
    process.stderr.write("usage: validate-html.ts DIR [--sample N]\n");
    process.exit(2);
  }
  const files = await htmlFilesBelow(dir, most);
  const problems = await validateHtml(files);
  for (const { file, line, column, rule, message } of problems) {
    process.stdout.write(`${file}:${line}:${column} ${rule}: ${message}\n`);
  }
  process.stdout.write(`${files.length} pages, ${problems.length} problems\n`);
  process.exitCode = problems.length === 0 && files.length > 0 ? 0 : 1;
}
