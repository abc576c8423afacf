import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { importPackages } from "../import-packages/import-packages.ts";
import { findPackageIndex, readPackageIndex } from "../import-packages/package-index.ts";
import type { PackageIndex } from "../import-packages/package-index.ts";
import { CannotRun } from "./cannot-run.ts";
import { median } from "./median.ts";
import { rekilnBuild } from "./rekiln-build.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { setAside } from "./set-aside.ts";
import { settleDisk } from "./settle-disk.ts";

const STARTER = fileURLToPath(new URL("../../templates/packages/", import.meta.url));
const APT_LISTS = "/var/lib/apt/lists";
/** Pages that the catalogue has for each package: sources, maintainers and lists come on top. */
const PAGES_PER_PACKAGE = 1.65;

/** `templates/packages` with all of Debian as its data. */
export class CatalogueSite {
  readonly dir: string;
  #lastBuild: RekilnBuild | undefined;
  readonly #coldSeconds: number[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  get data(): string {
    return join(this.dir, "data");
  }

  get dist(): string {
    return join(this.dir, "dist");
  }

  /**
   * Makes the site from this machine's package index; `pages` cuts it to the first packages of the index, so that there
   * are about as many pages.
   * @throws CannotRun when the machine has no package index.
   */
  static async make(dir: string, pages: number | undefined): Promise<CatalogueSite> {
    mkdirSync(dir, { recursive: true });
    for (const part of ["rekiln.config.ts", "templates", "static"]) {
      cpSync(join(STARTER, part), join(dir, part), { recursive: true });
    }
    const site = new CatalogueSite(dir);
    const index = await packageIndex();
    const only = pages === undefined ? {} : { only: await firstPackages(index, Math.ceil(pages / PAGES_PER_PACKAGE)) };
    await importPackages(index, { outDir: site.data, withDescriptions: true, ...only });
    return site;
  }

  /** Builds it from nothing: no pages, no manifest, no entity store. Those of an earlier build are set aside. */
  async coldBuild(): Promise<RekilnBuild> {
    this.#lastBuild = undefined;
    for (const folder of [this.dist, join(this.dir, ".rekiln")]) setAside(folder);
    settleDisk();
    const build = await rekilnBuild(this.dir);
    this.#lastBuild = build;
    this.#coldSeconds.push(build.seconds);
    return build;
  }

  /** Builds it unless that is done, and resolves to the median time of the cold builds there were. */
  async built(): Promise<number> {
    if (this.#lastBuild === undefined) await this.coldBuild();
    return median(this.#coldSeconds);
  }
}

async function packageIndex(): Promise<PackageIndex> {
  try {
    return await findPackageIndex(APT_LISTS, undefined);
  } catch (cause) {
    throw new CannotRun(`there is no package index in ${APT_LISTS}: run \`apt-get update\` on a Debian machine`, {
      cause,
    });
  }
}

async function firstPackages(index: PackageIndex, count: number): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const stanza of readPackageIndex(index)) {
    if (names.size < count) names.add(stanza.get("Package") ?? "");
  }
  return names;
}
