import { RekilnError } from "../core/errors.ts";
import type { ObjectEtag, ObjectStore, Put } from "../store/object-store.ts";
import { troubleError } from "../store/trouble-error.ts";

const TRIES_MAX = 5;

/**
 * Puts an object until it is known what came of it: an answer that was lost is looked up in the store.
 *
 * @returns undefined when something else is stored there
 * @throws RekilnError when the store can't be asked
 */
export async function putSurely(
  store: ObjectStore,
  put: Put & { readonly content: Uint8Array },
): Promise<ObjectEtag | undefined> {
  let failure: RekilnError | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const outcome = await store.put(put);
    switch (outcome.kind) {
      case "put":
        return outcome.etag;
      case "precondition-failed":
      case "absent":
        return ownEtag(store, put);
      case "unknown": {
        failure = outcome.error;
        const etag = await ownEtag(store, put);
        if (etag !== undefined) return etag;
        break;
      }
      case "conflict":
        break;
      case "throttled":
      case "unreachable":
      case "deferred":
      case "refused":
        throw troubleError(outcome, store.name);
    }
  }
  throw (
    failure ??
    new RekilnError({
      code: "store-conflict",
      message: `Others write ${store.name}${put.key} all the time.`,
      disposition: "retry",
      hint: "Run the command again.",
    })
  );
}

/** Of what is stored, if it is what was to be put. */
async function ownEtag(store: ObjectStore, { key, content }: Put & { readonly content: Uint8Array }) {
  const got = await store.get(key);
  if (got.kind === "absent") return undefined;
  if (got.kind !== "found") throw troubleError(got, store.name);
  return Buffer.compare(got.content, content) === 0 ? got.head.etag : undefined;
}
