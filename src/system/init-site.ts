import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { messageOf, RekilnError } from "../core/errors.ts";
import { PACKAGE_URL } from "../core/package-url.ts";
import { slug } from "../site/slug.ts";

/** The sites that can be begun with, and what each is. */
export const SITE_TEMPLATES = {
  starter: "a field guide: lists, tags, pages, a feed, Markdown",
  packages: "a catalogue of Debian packages: 299 records with dense links, and a search",
} as const;

export type SiteTemplate = keyof typeof SITE_TEMPLATES;

/** What of a template is not for the sites that are made from it. */
const LEFT_OUT = new Set(["updates", "dist", "node_modules", ".rekiln", ".gitignore"]);
/** What a folder may have already: it is kept unless everything is replaced. */
const OWN = new Set(["package.json", "README.md"]);
const IGNORED = ["node_modules/", "dist/", ".rekiln/", ".env"];

/** What making a site would write, and what stands in its way. */
export interface InitPlan {
  readonly template: SiteTemplate;
  /** Absolute. */
  readonly folder: string;
  /** Files to copy, relative to the template and to the folder. */
  readonly files: readonly string[];
  /** Of these, the ones that are there already and stand in the way. */
  readonly existing: readonly string[];
  /** Those that are there and stand in nobody's way: a `package.json`, which is always kept, and a `README.md`. */
  readonly own: readonly string[];
  /** The packages of a `package.json` that is kept, if it lacks any: `zod@4.6.7`. */
  readonly missingPackages: readonly string[];
  readonly hasPackageFile: boolean;
  /** A `package.json` that is kept says that modules are CommonJS, or doesn't say what they are. */
  readonly isNotModule: boolean;
}

export interface InitReport {
  readonly written: readonly string[];
  readonly kept: readonly string[];
}

interface PackageFile {
  readonly name?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Looks at what is there; writes nothing. */
export function planInit(template: SiteTemplate, folder: string): InitPlan {
  const from = templateFolder(template);
  const files = filesBelow(from);
  const there = files.filter((file) => existsSync(join(folder, file)));
  const packageFile = join(folder, "package.json");
  const hasPackageFile = existsSync(packageFile);
  const given = hasPackageFile ? readPackage(packageFile) : undefined;
  const has = { ...given?.devDependencies, ...given?.dependencies };
  const needed = Object.entries(neededPackages(join(from, "package.json")));
  return {
    template,
    folder,
    files,
    existing: there.filter((file) => !OWN.has(file)),
    own: there.filter((file) => OWN.has(file)),
    missingPackages: needed
      .filter(([name]) => given !== undefined && !Object.hasOwn(has, name))
      .map(([name, version]) => `${name}@${version}`),
    hasPackageFile,
    isNotModule: given !== undefined && given.type !== "module",
  };
}

/** Files that are there already and stay as they are. */
export function keptFiles({ existing, own }: InitPlan, replaces: boolean): readonly string[] {
  return replaces ? own.filter((file) => file === "package.json") : [...existing, ...own].toSorted();
}

/**
 * Copies a template. Files that are there already are replaced if `replaces` says so, and kept otherwise; lines that `.gitignore` lacks are added.
 *
 * @throws RekilnError `init-failed`
 */
export function initSite(plan: InitPlan, replaces: boolean): InitReport {
  const { template, folder, files } = plan;
  const from = templateFolder(template);
  const written: string[] = [];
  const kept = keptFiles(plan, replaces);
  try {
    for (const file of files) {
      if (kept.includes(file)) continue;
      const to = join(folder, file);
      mkdirSync(dirname(to), { recursive: true });
      // Whatever came between since the plan was made is not replaced unasked.
      if (file === "package.json") writeFileSync(to, packageText(join(from, file), folder), { flag: "wx" });
      else copyFileSync(join(from, file), to, replaces ? 0 : constants.COPYFILE_EXCL);
      written.push(file);
    }
    if (addIgnored(join(folder, ".gitignore"))) written.push(".gitignore");
  } catch (error) {
    throw new RekilnError({
      code: "init-failed",
      message: `The site can't be written: ${messageOf(error)}.`,
      disposition: "fatal",
      hint: `What was written stays in ${folder}; run rekiln init again when it is mended.`,
      cause: error,
    });
  }
  return { written: written.toSorted(), kept };
}

/** What to type next, a command each. */
export function nextCommands({ folder, hasPackageFile, missingPackages, isNotModule }: InitPlan): readonly string[] {
  const way = relative(process.cwd(), folder);
  const word = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text));
  const commands = way === "" ? [] : [`cd ${word(way)}`];
  if (isNotModule) commands.push("npm pkg set type=module");
  if (!hasPackageFile) commands.push("npm install");
  else if (missingPackages.length > 0) commands.push(`npm install ${missingPackages.map(word).join(" ")}`);
  return [...commands, "npx rekiln dev"];
}

function templateFolder(template: SiteTemplate): string {
  return fileURLToPath(new URL(`templates/${template}/`, PACKAGE_URL));
}

function filesBelow(folder: string, prefix = ""): string[] {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (prefix === "" && LEFT_OUT.has(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(folder, name) : [name];
  });
}

function packageText(file: string, folder: string): string {
  const name = slug(basename(resolve(folder)));
  const all = { ...readPackage(file), name, dependencies: neededPackages(file) };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** The packages of a template, with the rekiln that is running. */
function neededPackages(file: string): Readonly<Record<string, string>> {
  const { dependencies = {} } = readPackage(file);
  const rekiln = ownTarball() ?? ownClone() ?? dependencies["rekiln"];
  return rekiln === undefined ? dependencies : { ...dependencies, rekiln };
}

/** `file:/…/rekiln` when the running rekiln is the project itself, which a site links to. */
function ownClone(): string | undefined {
  const folder = fileURLToPath(PACKAGE_URL);
  return readPackage(join(folder, "package.json")).private === true ? `file:${resolve(folder)}` : undefined;
}

/** `file:/…/rekiln-0.1.0.tgz` when the running rekiln was installed from a file: then no registry has it, or has another one. */
function ownTarball(): string | undefined {
  const modules = fileURLToPath(new URL("../", PACKAGE_URL));
  const lock = join(modules, ".package-lock.json");
  if (basename(modules) !== "node_modules" || !existsSync(lock)) return undefined;
  // npm writes it: https://docs.npmjs.com/cli/configuring-npm/package-lock-json
  const { packages } = JSON.parse(readFileSync(lock, "utf8")) as {
    readonly packages?: Readonly<Record<string, { readonly resolved?: string } | undefined>>;
  };
  const resolved = packages?.["node_modules/rekiln"]?.resolved;
  return resolved?.startsWith("file:") ? `file:${resolve(modules, "..", resolved.slice(5))}` : undefined;
}

/** @throws RekilnError `package-file-broken` */
function readPackage(file: string): PackageFile {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    // What it holds is only compared with names and texts.
    if (typeof parsed === "object" && parsed !== null) return parsed;
    throw new Error("it is no object");
  } catch (error) {
    throw new RekilnError({
      code: "package-file-broken",
      message: `${file} can't be read: ${messageOf(error)}.`,
      disposition: "fatal",
      hint: "Mend it, or choose another folder.",
      cause: error,
    });
  }
}

function addIgnored(file: string): boolean {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const lines = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, "")));
  const missing = IGNORED.filter((name) => !lines.has(name.replace(/\/$/, "")));
  if (missing.length === 0) return false;
  writeFileSync(file, `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${missing.join("\n")}\n`);
  return true;
}
