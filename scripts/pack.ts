/**
 * Makes the package that users install: what is compiled, the templates, and a package.json of its own. The project's own is private:
 * it brings Node and the tools of development, which are nobody else's.
 *
 *   npm run pack                 compiles, and writes rekiln-<version>.tgz to this folder
 *   npm run pack -- --out DIR    to another one
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Fields of package.json that users need. */
const FIELDS = ["name", "version", "description", "license", "bin", "type", "exports", "dependencies", "engines"];
const PARTS = ["lib/src", "lib/workers", "templates", "README.md", "CHANGELOG.md", "LICENSE"];
/** The replay of the demo's updates, and what building a template leaves. */
const LEFT_OUT = /^templates\/[^/]+\/(?:updates|dist|node_modules|\.rekiln)(?:\/|$)/;

/** Packs what was compiled. @returns the tarball */
export function packPackage(out: string): string {
  const folder = mkdtempSync(join(tmpdir(), "rekiln-pack-"));
  try {
    // The project's own file, which has these fields.
    const own = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Readonly<Record<string, unknown>>;
    const fields = Object.fromEntries(FIELDS.map((field) => [field, own[field]]));
    writeFileSync(join(folder, "package.json"), `${JSON.stringify(fields, null, 2)}\n`);
    for (const part of PARTS) {
      const filter = (file: string): boolean => !LEFT_OUT.test(relative(ROOT, file));
      cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter });
    }
    mkdirSync(out, { recursive: true });
    const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", resolve(out)], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const name = /"filename":\s*"([^"]+)"/.exec(packed)?.[1];
    if (name === undefined) throw new Error(`npm pack named no file: ${packed}`);
    return join(resolve(out), name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string", default: "." } } });
  process.stdout.write(`${packPackage(values.out)}\n`);
}
