import type { PageKey } from "../../src/core/page.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";

/** In one transaction reads the row of a published page and writes it with one byte more. */
export function countUp(manifest: Manifest, key: PageKey): void {
  manifest.transact((transaction) => {
    const row = transaction.page(key);
    if (row?.published === undefined) throw new Error(`no page ${key}`);
    transaction.record({ ...row, published: { ...row.published, bytes: row.published.bytes + 1 } }, []);
  });
}
