import type { ObjectKey } from "../core/path.ts";
import type { PageStore } from "../store/store.ts";

/** Stages an object and puts it in its place. @returns its etag @throws as `stage` and `replace` of the store */
export function putWhole(
  store: Pick<PageStore, "stage" | "replace" | "discard">,
  key: ObjectKey,
  content: string,
): string {
  const staged = store.stage(key, Buffer.from(content));
  try {
    return store.replace(staged);
  } finally {
    store.discard(staged);
  }
}
