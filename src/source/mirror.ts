import type { Clock } from "../core/clock.ts";
import type { EntityModel } from "../core/entity.ts";
import { checkMirror } from "./entity-owner.ts";
import { EntityStore } from "./entity-store.ts";
import { EntityWriter } from "./entity-writer.ts";
import { MirrorRefresh } from "./mirror-refresh.ts";
import type { MirroredRecords } from "./mirrored-records.ts";
import type { RefreshReport, Source } from "./source.ts";

export interface MirrorOptions {
  /** The entity store that mirrors what stands outside. */
  readonly mirror: string;
  readonly models: ReadonlyMap<string, EntityModel>;
  /** Changes when a schema may have changed: then every record is checked anew. */
  readonly fingerprint: string;
  /** Where a mirror that doesn't exist yet begins to count. */
  readonly firstVersion: number;
  /** Whether what was taken in must outlive a power failure; default false: the next refresh takes it in again. */
  readonly isDurable?: boolean | undefined;
  /** As of `EntityStoreOptions`. */
  readonly clock?: Clock | undefined;
}

/**
 * A source without versions of its own, mirrored into an entity store that gives each changed record a new version and
 * leaves the others alone. Pages read the mirror.
 */
export abstract class Mirror extends EntityStore implements Source {
  abstract readonly identity: string;
  readonly #options: MirrorOptions;

  constructor(options: MirrorOptions) {
    super({ file: options.mirror, models: options.models, isDurable: options.isDurable, clock: options.clock });
    this.#options = options;
  }

  /** @throws RekilnError `source-unreachable` when there is nothing to read at all */
  protected abstract open(signal: AbortSignal): Promise<MirroredRecords>;

  /** Part of the commit that takes everything in. @param keepsIds whether each entity has the id that its record has */
  protected noteRefresh(_keepsIds: boolean): void {}

  /** How much there is to read, about; 0 when it can't be read. */
  abstract bytes(): Promise<number>;

  async refresh(progress: (records: number) => void, signal: AbortSignal): Promise<RefreshReport> {
    const { models, fingerprint, firstVersion } = this.#options;
    await using records = await this.open(signal);
    const writer = new EntityWriter(this.database, firstVersion, this.nowSeconds);
    try {
      checkMirror(this.database);
      const refresh = new MirrorRefresh(progress, signal);
      for (const model of models.values()) await refresh.type(writer, model, records, fingerprint);
      signal.throwIfAborted();
      this.noteRefresh(refresh.keepsIds);
      writer.commit();
      return refresh.report();
    } catch (error) {
      writer.rollback();
      throw error;
    }
  }

  /** Whether what stands outside is, byte for byte, what was taken in last, by the same schemas. */
  async isCurrent(signal: AbortSignal): Promise<boolean> {
    const { models, fingerprint } = this.#options;
    if (!this.hasTables()) return false;
    await using records = await this.open(signal);
    const find = this.database.prepare("SELECT scanned FROM type WHERE name = ?");
    for (const model of models.values()) {
      const scanned = find.get(model.name)?.["scanned"];
      if (typeof scanned !== "string") return false;
      const { absence, broken, digest } = await records.type(model.name);
      if (absence !== undefined || broken.length > 0 || scanned !== `${fingerprint} ${await digest(signal)}`)
        return false;
    }
    return true;
  }
}
