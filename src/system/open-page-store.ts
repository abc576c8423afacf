import { DirectoryPageStore } from "../store/directory.ts";
import type { PageStore } from "../store/store.ts";
import { BlockingObjects } from "./blocking-objects.ts";
import type { StoreSetup } from "./store-setup.ts";

/** Opens where a site's pages go. `writer` tells this thread's temporary files from those of others. */
export function openPageStore(setup: StoreSetup, writer: string): PageStore {
  if (setup.kind !== "directory") return new BlockingObjects(setup);
  return new DirectoryPageStore(setup.folder, writer, setup.compress);
}
