import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { ReleaseRecord } from "../import-packages/package-index.ts";
import type { MaintainerRecord, PackageRecord, SourceRecord } from "../import-packages/records.ts";
import { ndjsonRecords } from "./ndjson-records.ts";

const LAYOUTS = fileURLToPath(new URL("hugo/", import.meta.url));
const DEPENDANTS_PER_PAGE = 100;

/**
 * Hugo's config. Everything that Hugo would do beyond rekiln's pages is off (RSS, sitemap, pages of `depends`), and pages
 * of lists stand where rekiln's do.
 */
const CONFIG = {
  baseURL: "https://packages.example/",
  title: "Package Catalogue",
  disableKinds: ["RSS", "sitemap", "robotsTXT"],
  paginatePath: "",
  taxonomies: {
    depend: "depends",
    maintainer: "maintainers",
    name: "names",
    section: "sections",
    source: "sources",
    tag: "tags",
  },
  outputFormats: { feed: { mediaType: "application/xml", baseName: "feed" } },
  outputs: { home: ["html", "feed"], section: ["html"], taxonomy: ["html"], term: ["html"] },
};

/**
 * Writes the package catalogue as a Hugo site: what `templates/packages` shows, from the same records.
 *
 * The layout was chosen as Hugo's quickest of the idiomatic ones:
 * - Lists come from taxonomies, which Hugo indexes once; `where` over all pages would be quadratic. Reverse dependencies
 *   are a taxonomy too, whose own pages are never rendered.
 * - A package is a regular page; only one that more than 100 others depend on is a section, since in Hugo only sections
 *   and terms have a second page. A source, a maintainer, a section, a tag and a prefix are terms with a content file.
 * - Front matter is JSON, and there is no Markdown body. Every page has its rank as its weight, so that Hugo compares
 *   numbers rather than collates titles: the order is rekiln's, and given to Hugo for nothing.
 * - Whether a name is a package is looked up in one map (`partialCached`) rather than by `.GetPage`.
 */
export async function writeHugoSite(dataDir: string, staticDir: string, siteDir: string): Promise<void> {
  const content = join(siteDir, "content");
  const records = <T>(type: string): AsyncGenerator<T> => ndjsonRecords<T>(join(dataDir, `${type}.ndjson`));
  const write = (path: string, frontMatter: object): void => {
    const file = join(content, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(frontMatter)}\n`);
  };

  const dependants = new Map<string, number>();
  const names = new Set<string>();
  const terms = { names: new Set<string>(), sections: new Set<string>(), tags: new Set<string>() };
  for await (const { id, section, tags = [], depends = [] } of records<PackageRecord>("package")) {
    names.add(id);
    terms.names.add(prefixOf(id));
    terms.sections.add(section);
    for (const tag of tags) terms.tags.add(tag);
    for (const name of depends) dependants.set(name, (dependants.get(name) ?? 0) + 1);
  }

  const rankOfPackage = ranks(names);
  for await (const { id, ...data } of records<PackageRecord>("package")) {
    const isPaged = (dependants.get(id) ?? 0) > DEPENDANTS_PER_PAGE;
    const { source, maintainer, section, tags, description, installedSize, ...facts } = data;
    write(isPaged ? `packages/${id}/_index.md` : `packages/${id}.md`, {
      title: id,
      weight: rankOfPackage(id),
      ...facts,
      installedsize: installedSize,
      summary: description,
      names: [prefixOf(id)],
      sources: [source],
      maintainers: [maintainer],
      sections: [section],
      tags: tags?.map(pathOfTag),
    });
  }

  const sources = await all(records<SourceRecord>("source"));
  const rankOfSource = ranks(sources.map(({ id }) => id));
  for (const { id, version, maintainer, section } of sources) {
    const stableupdates = Number(/.*[+~]deb\d+u(\d+)/.exec(version)?.[1] ?? 0);
    const facts = { version, maintainer, area: section, stableupdates };
    write(`sources/${id}/_index.md`, { title: id, weight: rankOfSource(id), ...facts });
  }
  const maintainers = await all(records<MaintainerRecord>("maintainer"));
  const sortKeyOf = ({ id, name }: MaintainerRecord): string => `${name}\u0000${id}`;
  const rankOfMaintainer = ranks(maintainers.map(sortKeyOf));
  for (const data of maintainers) {
    write(`maintainers/${data.id}/_index.md`, { title: data.name, weight: rankOfMaintainer(sortKeyOf(data)) });
  }
  for (const [type, values] of Object.entries(terms)) {
    const rankOf = ranks(values);
    for (const value of values) {
      const path = type === "tags" ? pathOfTag(value) : value;
      write(`${type}/${path}/_index.md`, { title: value, weight: rankOf(value) });
    }
  }
  write("packages/_index.md", { title: "Packages", layout: "prefixes" });
  write("names/_index.md", {
    _build: { render: "never" },
    cascade: { _target: { kind: "term" }, outputs: ["html", "json"] },
  });
  write("depends/_index.md", {
    _build: { render: "never" },
    cascade: { _target: { kind: "term" }, _build: { render: "never", list: "never" } },
  });

  const [release] = await all(records<ReleaseRecord>("release"));
  writeFileSync(join(siteDir, "config.json"), JSON.stringify({ ...CONFIG, params: { release } }));
  cpSync(staticDir, join(siteDir, "static"), { recursive: true });
  copyLayouts(join(siteDir, "layouts"));
}

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const record of records) collected.push(record);
  return collected;
}

/** The layouts stand there as `.gohtml`, since they are Go's templates; Hugo knows them as `.html`. */
function copyLayouts(target: string): void {
  for (const file of readdirSync(LAYOUTS, { recursive: true, encoding: "utf8" })) {
    if (!/\.go\w+$/.test(file)) continue;
    const to = join(target, file.replace(/\.go(\w+)$/, ".$1"));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, readFileSync(join(LAYOUTS, file)));
  }
}

function prefixOf(name: string): string {
  return name.slice(0, name.startsWith("lib") ? 4 : 2);
}

/** As in the catalogue's own config, but in lower case: Hugo's terms are. */
function pathOfTag(tag: string): string {
  return tag.replace("::", "/").replaceAll(":", "-").toLowerCase();
}

/** From 1, in the order of UTF-8 bytes; a weight of 0 counts as none. */
function ranks(values: Iterable<string>): (value: string) => number {
  const ordered = [...values].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const rank = new Map(ordered.map((value, index) => [value, index + 1]));
  return (value) => rank.get(value) ?? 0;
}
