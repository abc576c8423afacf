import type { AnyTypes, Name } from "../core/read.ts";
import { siteEnvironment } from "./site-environment.ts";

/** That an entity changed, or that it is gone. */
export type Change<E extends AnyTypes = AnyTypes> = {
  readonly [N in Name<E>]: { readonly type: N; readonly id: string; readonly deleted?: boolean };
}[Name<E>];

export interface PublishOptions {
  /** The site's config; default `rekiln.config.ts`, in the current folder. */
  readonly config?: string;
}

export interface Published {
  /** Entities of which an event was made. */
  readonly changed: number;
  /** Entities of a mirrored source that are what they were: nothing is to be done. */
  readonly unchanged: number;
  /** Events that the queue has taken. */
  readonly sent: number;
  /** Changes that wait in the outbox, because the queue couldn't take them. They are safe there, and are sent with the next that is published. */
  readonly waiting: number;
  /** There were more changes than are kept one by one: run `rekiln build`. */
  readonly needsBuild: boolean;
  /**
   * The changes could be stored nowhere, because a disk is full or can't be written; that there are some is marked durably, and workers and sweepers
   * look for them once that is over.
   */
  readonly marked: boolean;
}

/**
 * Tells a site's queue of changes. It returns only when they are stored for good: in the queue, or in the outbox. A source of files is
 * taken in first, and what really changed makes the events. `publish<typeof entities.types>(…)` checks the names of types.
 *
 * @throws RekilnError `change-refused` before anything is stored when a change is malformed, too large, or of a type that isn't declared, and
 * after that when an entity that should be gone is still there; errors of the config, of the source and of the entity store as they are
 */
export async function publish<E extends AnyTypes = AnyTypes>(
  changes: Change<E> | readonly Change<E>[],
  options: PublishOptions = {},
): Promise<Published> {
  // A config imports this very module: what it doesn't need is loaded when it is called.
  const { publishChanges } = await import("./publish-changes.ts");
  const configFile = options.config ?? "rekiln.config.ts";
  return publishChanges(changes, configFile, siteEnvironment(configFile));
}
