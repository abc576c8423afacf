import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { NdjsonFile } from "./ndjson-file.ts";
import { type PackageIndex, readPackageIndex, readRelease } from "./package-index.ts";
import { recordsOf } from "./records.ts";

export interface ImportOptions {
  readonly outDir: string;
  /** Only these packages, and the sources and maintainers that they name; all without it. */
  readonly only?: ReadonlySet<string>;
  /** Facts alone: without the descriptions, which are somebody's text. */
  readonly withDescriptions: boolean;
}
export interface ImportCounts {
  readonly packages: number;
  readonly sources: number;
  readonly maintainers: number;
  readonly sections: number;
  readonly tags: number;
  /** Pairs of a package and a name that it depends on. */
  readonly dependencies: number;
  /** Packages that the index has more than once; the first was taken. */
  readonly repeated: readonly string[];
}

/**
 * Writes the index as `package`, `source`, `maintainer` and `release.ndjson`, streaming: memory holds ids only. The same
 * index gives the same bytes.
 */
export async function importPackages(index: PackageIndex, options: ImportOptions): Promise<ImportCounts> {
  await mkdir(options.outDir, { recursive: true });
  const file = (type: string): NdjsonFile => new NdjsonFile(join(options.outDir, `${type}.ndjson`));
  const files = {
    package: file("package"),
    source: file("source"),
    maintainer: file("maintainer"),
    release: file("release"),
  };
  const sections = new Set<string>();
  const tags = new Set<string>();
  let dependencies = 0;
  try {
    await files.release.write(await readRelease(index));
    for await (const stanza of readPackageIndex(index)) {
      if (options.only !== undefined && !options.only.has(stanza.get("Package") ?? "")) continue;
      const records = recordsOf(stanza);
      const { description: _description, ...facts } = records.package;
      if (!(await files.package.write(options.withDescriptions ? records.package : facts))) continue;
      await files.source.write(records.source);
      await files.maintainer.write(records.maintainer);
      sections.add(facts.section);
      for (const tag of facts.tags ?? []) tags.add(tag);
      dependencies += facts.depends?.length ?? 0;
    }
    for (const written of Object.values(files)) await written.complete();
  } catch (error) {
    for (const written of Object.values(files)) await written.discard();
    throw error;
  }
  return {
    packages: files.package.count,
    sources: files.source.count,
    maintainers: files.maintainer.count,
    sections: sections.size,
    tags: tags.size,
    dependencies,
    repeated: [...files.package.repeated],
  };
}
