import { join } from "node:path";

import type { Assets } from "../press/assets.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { RefreshReport } from "../source/source.ts";
import { entityFileOf, watchedPathsOf } from "./open-source.ts";
import { siteFolders } from "./site-folders.ts";

/** What the main thread of a development server knows of a site: plain data. */
export interface DevFacts {
  readonly base: string;
  /** The config's folder. */
  readonly root: string;
  /** The config and every local module that it loads, absolute. */
  readonly modules: readonly string[];
  readonly templates: string;
  readonly static: string;
  readonly store: string;
  /** Files and folders of the source, absolute. */
  readonly data: readonly string[];
}

export function devFactsOf(config: LoadedConfig): DevFacts {
  const { root, site, code } = config;
  const folders = siteFolders(config);
  return {
    base: site.base,
    root,
    modules: code.modules.map(({ name }) => join(root, name)),
    templates: folders.templates,
    static: folders.static,
    store: site.store.kind === "directory" ? folders.store : folders.state,
    // What rekiln keeps itself is edited by other commands.
    data: site.source.kind === "embedded" ? [`${entityFileOf(folders)}-wal`] : watchedPathsOf(config),
  };
}

/** The files of `static/` by the keys that they answer at. */
export function staticFilesOf(assets: Assets): ReadonlyMap<string, string> {
  return new Map(
    [...assets.values()].flatMap(({ file, key, hashedKey }) => [
      [key, file],
      [hashedKey, file],
    ]),
  );
}

/** What taking in the data came to. */
export interface DevTaken {
  readonly changed: number;
  readonly problems: readonly string[];
}

/** @param isOther whether the source has another version than the one that was shown last */
export function devTakenOf(report: RefreshReport | undefined, isOther: boolean): DevTaken {
  if (report === undefined) return { changed: isOther ? 1 : 0, problems: [] };
  const problems = report.problems.map(({ place, message }) => `${place}: ${message}`);
  return { changed: Math.max(report.inserted + report.updated + report.deleted, isOther ? 1 : 0), problems };
}
