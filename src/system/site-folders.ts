import { join, resolve } from "node:path";

import { RekilnError } from "../core/errors.ts";
import { bucketAddress } from "../site/declare-fleet.ts";
import type { LoadedConfig } from "../site/load-config.ts";

/** Where a site's things are, absolute. */
export interface SiteFolders {
  readonly root: string;
  readonly templates: string;
  readonly static: string;
  /** Of a store that is a directory. Asked for where it isn't one, it throws RekilnError `store-unsupported`. */
  readonly store: string;
  /** The same; undefined where it isn't one. */
  readonly directory: string | undefined;
  /** The entity store, the manifests and the lock. */
  readonly state: string;
}

export function siteFolders({ root, site, stateFolder }: LoadedConfig): SiteFolders {
  const { store } = site;
  const directory = store.kind === "directory" ? resolve(root, store.dir) : undefined;
  return {
    root,
    templates: join(root, "templates"),
    static: join(root, "static"),
    directory,
    get store() {
      if (store.kind === "s3") throw storeUnsupported(bucketAddress(store));
      return resolve(root, store.dir);
    },
    state: stateFolder ?? join(root, ".rekiln"),
  };
}

function storeUnsupported(name: string): RekilnError {
  return new RekilnError({
    code: "store-unsupported",
    message: `This command works on a directory, and the pages of this site are in ${name}.`,
    disposition: "fatal",
    hint: 'Look at them where the bucket is published, or build into a directory to have them here: store: directory("dist/").',
  });
}
