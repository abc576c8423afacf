import type { EntityChange } from "../core/change.ts";
import { formatEntityName } from "../core/entity-name.ts";
import type { RefHash } from "../core/ref.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot, Source } from "../source/source.ts";
import { touchedRefs } from "./touched-refs.ts";

/** Above this many refs nothing is proven for a while, rather than that memory grows. */
const REFS_KEPT_MAX = 1_000_000;

/** The newest change that touched a ref. */
export interface Touch {
  readonly version: number;
  /** `film:42` */
  readonly entity: string;
}

/**
 * Which refs were touched, and when, as the source itself says by its changes: never by what events told, or by what the manifest holds.
 */
export class SourceTouches {
  readonly #site: Site;
  readonly #source: Pick<Source, "changesSince">;
  readonly #newest = new Map<RefHash, Touch>();
  /** Everything that was touched in versions above this, and up to `#to`, is known. */
  #from: number | undefined;
  #to = 0;

  constructor(site: Site, source: Pick<Source, "changesSince">) {
    this.#site = site;
    this.#source = source;
  }

  /** Learns of all changes up to a snapshot. `passed` is a version from which on the source may know them still. */
  advance(snapshot: Snapshot, passed: number): void {
    if (this.#from !== undefined && this.#to >= snapshot.version) return;
    const since = this.#from === undefined ? passed : this.#to;
    const changes = this.#source.changesSince(since);
    if (changes === undefined || this.#newest.size > REFS_KEPT_MAX) {
      this.#newest.clear();
      this.#from = snapshot.version;
    } else {
      this.#from ??= since;
      for (const change of changes) this.#note(snapshot, change);
    }
    this.#to = snapshot.version;
  }

  #note(snapshot: Snapshot, change: EntityChange): void {
    const touch: Touch = { version: change.version, entity: formatEntityName(change) };
    for (const ref of touchedRefs(this.#site, snapshot, change)) {
      if ((this.#newest.get(ref)?.version ?? 0) < touch.version) this.#newest.set(ref, touch);
    }
  }

  /** Whether all changes above a version are known. */
  knows(version: number): boolean {
    return this.#from !== undefined && version >= this.#from;
  }

  /** The newest change above `version` that touched one of the refs. */
  newest(refs: Iterable<RefHash>, version: number): Touch | undefined {
    let newest: Touch | undefined;
    for (const ref of refs) {
      const touch = this.#newest.get(ref);
      if (touch !== undefined && touch.version > Math.max(version, newest?.version ?? 0)) newest = touch;
    }
    return newest;
  }
}
