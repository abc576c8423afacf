import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import { STATE_FOLDER } from "../../src/store/directory.ts";
import { liveFiles, storedFiles } from "./live-files.ts";

/** Inside the repository, so that Node resolves the packages that a config imports; git ignores it. */
const PARENT = fileURLToPath(new URL("../../demo/", import.meta.url));

/** A site in a folder of its own, gone when the test ends. */
export class TemporarySite {
  readonly folder: string;

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(PARENT, { recursive: true });
    this.folder = mkdtempSync(join(PARENT, "tmp-"));
    // A hundred thousand pages take their time.
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }), 600_000);
    for (const [file, text] of Object.entries(files)) this.write(file, text);
  }

  /** Its sources again, in another folder, without any output. */
  copy(): TemporarySite {
    const copy = new TemporarySite();
    const sources = readdirSync(this.folder).filter((name) => name !== "dist" && name !== ".rekiln");
    for (const name of sources) cpSync(join(this.folder, name), join(copy.folder, name), { recursive: true });
    return copy;
  }

  write(file: string, text: string | Uint8Array): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Writes the records of a type, one a line. */
  records(type: string, records: readonly unknown[]): void {
    this.write(`data/${type}.ndjson`, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  /** Changes a source; the text that is replaced must stand there. */
  edit(file: string, from: string, to: string): void {
    const text = this.read(file);
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    this.write(
      file,
      text.replaceAll(from, () => to),
    );
  }

  remove(file: string): void {
    rmSync(join(this.folder, file), { recursive: true });
  }

  /** The addresses that redirects lead to, by the file that each is. */
  redirects(): Readonly<Record<string, string>> {
    return Object.fromEntries(storedFiles(join(this.folder, "dist")).redirects);
  }

  /** Every file and every empty folder below `dist/`, but redirects, and those of the store itself. */
  files(): readonly string[] {
    const { redirects } = storedFiles(join(this.folder, "dist"));
    const found: string[] = [];
    const walk = (folder: string): void => {
      const entries = readdirSync(join(this.folder, "dist", folder), { withFileTypes: true });
      if (entries.length === 0) found.push(`${folder}/`);
      for (const entry of entries) {
        const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (name === STATE_FOLDER) continue;
        if (entry.isDirectory()) walk(name);
        else if (!redirects.has(name)) found.push(name);
      }
    };
    walk("");
    return found.sort();
  }

  /** As `files`, but for sitemaps, which change with every page that comes or goes. */
  filesButSitemaps(): readonly string[] {
    return this.files().filter((file) => !isSitemapFile(file));
  }

  /** The output by file, with the page that each is, but without the rest of the stamps; and the empty folders. */
  pages(): ReadonlyMap<string, string> {
    const live = liveFiles(join(this.folder, "dist"));
    return new Map(
      this.files().map((file) => {
        const { key, body } = live.get(file) ?? { key: "none", body: "" };
        return [file, `${key}: ${body}`];
      }),
    );
  }

  /** What tells whether a file of the output was written: inode, time and size. */
  marks(): ReadonlyMap<string, string> {
    return new Map(
      this.files().map((file) => {
        const { ino, mtimeNs, size } = lstatSync(join(this.folder, "dist", file), { bigint: true });
        return [file, `${ino} ${mtimeNs} ${size}`];
      }),
    );
  }

  /** What a process that was killed may have left of its own: temporary files. */
  leftovers(): readonly string[] {
    const state = join(this.folder, "dist", STATE_FOLDER);
    return readdirSync(state, { recursive: true, encoding: "utf8" }).filter(
      (name) => name !== "site.json" && name !== "tmp",
    );
  }
}

/** Whether a file of the output is one of rekiln's sitemaps, by its name. */
export function isSitemapFile(file: string): boolean {
  return /^sitemap(?:-[^/]+)?\.xml$/.test(file);
}

/** How two outputs, or two sets of marks, differ, a line each. */
export function differences(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): readonly string[] {
  const lines: string[] = [];
  for (const [file, content] of left) {
    const other = right.get(file);
    if (other === undefined) lines.push(`gone ${file}`);
    else if (other !== content) lines.push(`other ${file}`);
  }
  for (const file of right.keys()) if (!left.has(file)) lines.push(`new ${file}`);
  return lines.sort();
}
