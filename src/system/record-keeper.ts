import type { Manifest } from "../manifest/manifest.ts";
import { readSiteRecord, writeSiteRecord } from "../press/site-record.ts";
import type { SiteRecord } from "../press/site-record.ts";
import type { Source } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import { withVersion } from "./site-state.ts";

/** Keeps the site record above the versions that workers stamp pages with. */
export class RecordKeeper {
  readonly #store: PageStore;
  readonly #manifest: Manifest;
  readonly #source: Source;

  constructor(store: PageStore, manifest: Manifest, source: Source) {
    this.#store = store;
    this.#manifest = manifest;
    this.#source = source;
  }

  /** The record as it is stored now; undefined when it is gone. */
  read(): SiteRecord | undefined {
    return readSiteRecord(this.#store);
  }

  /** Notes how far the source's versions have come, before a page is stamped above what the record allows. */
  keep(): void {
    const version = this.#source.version();
    if ((this.read()?.version ?? version) >= version) return;
    // Whoever writes the record holds the manifest's write transaction, so that nobody's change is lost.
    this.#manifest.transact(() => {
      const record = this.read();
      if (record === undefined || record.version >= version) return;
      writeSiteRecord(this.#store, withVersion(record, record.source, version));
    });
  }
}
