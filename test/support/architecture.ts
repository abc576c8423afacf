import { parseSync, Visitor } from "oxc-parser";

/** A source file of the project; `path` is relative to its root, with `/` between folders. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** An import that goes against the order of the house. */
export interface Violation {
  readonly file: string;
  readonly imports: string;
  readonly rule: string;
}

/**
 * Folders from left to right: each may import from those in groups further right, and from itself. Folders of one
 * group don't know each other.
 */
const ARROWS: readonly (readonly string[])[] = [
  ["workers"],
  ["cli"],
  ["system"],
  ["console", "serve"],
  ["press"],
  ["site", "source", "render", "store", "manifest", "queue"],
  ["core"],
];

const ADAPTER =
  /^src\/(?:source\/(?:files-source|sqlite-[^/]+|postgres-[^/]+|mirror|embedded-source|entity-[^/]+)|store\/(?:directory|s3-[^/]+)|manifest\/(?:sqlite|postgres)-[^/]+|queue\/(?:sqlite-[^/]+|memory-[^/]+|sqs-[^/]+|lane-queue)|render\/eta-renderer)\.ts$/;

/** Where packages and modules of Node may be imported. A module of Node that isn't named here may be anywhere but in core. */
const ALLOWED_IN: readonly { readonly name: RegExp; readonly files: RegExp }[] = [
  { name: /^eta(?:\/|$)/, files: /^src\/render\// },
  { name: /^acorn$/, files: /^src\/render\// },
  { name: /^chokidar$/, files: /^src\/system\// },
  { name: /^commander$/, files: /^src\/cli\// },
  { name: /^@clack\/prompts$/, files: /^src\/cli\/init-questions\.ts$/ },
  { name: /^croner$/, files: /^src\/site\/schedule\.ts$/ },
  { name: /^pino$/, files: /^src\/(?:cli|system)\// },
  { name: /^prom-client$/, files: /^src\/system\/metrics\.ts$/ },
  { name: /^@aws-sdk\/client-s3$/, files: /^src\/store\/s3-/ },
  { name: /^@aws-sdk\/client-sqs$/, files: /^src\/queue\/sqs-/ },
  { name: /^(?:pg|postgres-array)$/, files: /^src\/source\/postgres-/ },
  { name: /^undici$/, files: /^src\/store\/s3-http\.ts$/ },
  { name: /^zod(?:\/|$)/, files: /^src\/(?:site\/|press\/site-record\.ts$)/ },
  { name: /^node:sqlite$/, files: /^src\/(?:source\/|manifest\/|queue\/|system\/process-lock\.ts$)/ },
  // The types of a standard, without any code.
  { name: /^@standard-schema\/spec$/, files: /^src\/(?:core|site)\// },
];
const CORE_MAY = new Set(["node:crypto", "@standard-schema/spec"]);

/** Everything that a file imports, re-exports or loads, as it is written; types too. */
function importsOf(file: SourceFile): readonly string[] {
  const { module, program, errors } = parseSync(file.path, file.text);
  if (errors.length > 0) throw new Error(`${file.path}: ${errors[0]?.message}`);
  const found = module.staticImports.map(({ moduleRequest }) => moduleRequest.value);
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) if (moduleRequest !== null) found.push(moduleRequest.value);
  }
  const literal = (node: { readonly type: string; readonly value?: unknown }): void => {
    if (node.type === "Literal" && typeof node.value === "string") found.push(node.value);
  };
  new Visitor({
    ImportExpression: ({ source }) => literal(source),
    TSImportType: ({ source }) => literal(source),
    TSExternalModuleReference: ({ expression }) => literal(expression),
  }).visit(program);
  return [...new Set(found)];
}

/** The file that a relative import means. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** The part of the house that a file stands in: a folder of `src/`, or a folder of the project's root. */
function partOf(path: string): string {
  const [top = "", next = "", ...rest] = path.split("/");
  return top === "src" && rest.length > 0 ? next : top;
}

function level(part: string): number {
  return ARROWS.findIndex((group) => group.includes(part));
}

function ruleOfArrow(from: string, to: string): string | undefined {
  const [source, target] = [partOf(from), partOf(to)];
  if (from.startsWith("src/") && !to.startsWith("src/")) return "src imports nothing from outside of it";
  if (from === "src/index.ts") return undefined;
  if (to === "src/index.ts") return "nothing imports the public API from within";
  if (level(source) < 0) return `the house has no ${source}/`;
  if (level(target) < 0) return `the house has no ${target}/`;
  if (source === "press" && ADAPTER.test(to)) return "press imports ports, never adapters";
  if (source === target || level(source) < level(target)) return undefined;
  return `no arrow leads from ${source} to ${target}`;
}

function ruleOfPackage(from: string, name: string): string | undefined {
  if (partOf(from) === "core" && !CORE_MAY.has(name)) return "core imports nothing but node:crypto";
  const allowed = ALLOWED_IN.find((one) => one.name.test(name));
  if (allowed === undefined) return name.startsWith("node:") ? undefined : `${name} has no place in the house`;
  return allowed.files.test(from) ? undefined : `${name} isn't imported here`;
}

/** Every import in `files` that goes against the arrows between folders, or a package's place. */
export function findViolations(files: readonly SourceFile[]): readonly Violation[] {
  const violations: Violation[] = [];
  for (const file of files) {
    const report = (imports: string, rule: string | undefined): void => {
      if (rule !== undefined) violations.push({ file: file.path, imports, rule });
    };
    for (const specifier of importsOf(file)) {
      if (!/^\.{0,2}\//.test(specifier)) report(specifier, ruleOfPackage(file.path, specifier));
      else report(specifier, ruleOfArrow(file.path, resolve(file.path, specifier)));
    }
    if (file.path === "src/index.ts") {
      const { program } = parseSync(file.path, file.text);
      const isExport = ({ type }: { readonly type: string }): boolean =>
        type === "ExportNamedDeclaration" || type === "ExportAllDeclaration";
      const others = program.body.filter((node) => !isExport(node) || ("source" in node && node.source === null));
      for (const node of others) report(node.type, "src/index.ts only exports");
    }
  }
  return violations;
}
