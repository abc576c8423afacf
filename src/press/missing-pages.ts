import type { PageKey } from "../core/page.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { PageStore } from "../store/store.ts";

/** Published pages whose file is gone, or another one, in pieces: each asks for some hundred files. */
export function* missingPages(manifest: Manifest, store: PageStore): Iterable<readonly PageKey[]> {
  for (const piece of manifest.stored()) {
    const missing: PageKey[] = [];
    for (const { key, path, etag } of piece) {
      const parsed = parsePath(path);
      if (!parsed.ok || store.etag(parsed.key) !== etag) missing.push(key);
    }
    yield missing;
  }
}
