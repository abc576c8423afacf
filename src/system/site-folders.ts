import { join, resolve } from "node:path";

import type { LoadedConfig } from "../site/load-config.ts";

/** Where a site's things are, absolute. */
export interface SiteFolders {
  readonly root: string;
  readonly templates: string;
  readonly static: string;
  readonly store: string;
  /** The entity store, the manifests and the lock. */
  readonly state: string;
}

export function siteFolders({ root, site }: LoadedConfig): SiteFolders {
  return {
    root,
    templates: join(root, "templates"),
    static: join(root, "static"),
    store: resolve(root, site.store.dir),
    state: join(root, ".rekiln"),
  };
}
