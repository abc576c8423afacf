import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { RekilnError } from "../core/errors.ts";
import { relayOutbox } from "../press/publish.ts";
import { costOf, NO_REQUESTS } from "../core/prices.ts";
import type { RelayReport } from "../press/publish.ts";
import { Publisher } from "../press/publisher.ts";
import { bucketAddress } from "../site/declare-fleet.ts";
import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import { recordFiles } from "../source/record-files.ts";
import { firstVersionOf } from "./first-version.ts";
import { openQueue } from "./open-queue.ts";
import { dataPathOf, entityFileOf, openSource } from "./open-source.ts";
import { OutageFile } from "./outage-file.ts";
import { siteFolders } from "./site-folders.ts";
import type { SiteFolders } from "./site-folders.ts";

/** A site whose source is written, or whose changes are told to its queue. */
export class SiteWriter implements Disposable {
  readonly config: LoadedConfig;
  readonly #folders: SiteFolders;
  #source: Mirror | EmbeddedSource | undefined;

  private constructor(config: LoadedConfig) {
    this.config = config;
    this.#folders = siteFolders(config);
  }

  /** Opened when it is first asked for: a publisher marks what happens while that can't be done. */
  get source(): Mirror | EmbeddedSource {
    if (this.#source === undefined) {
      mkdirSync(this.#folders.state, { recursive: true, mode: 0o750 });
      const firstVersion = firstVersionOf(this.config);
      this.#source = openSource(this.config, { firstVersion, isDurable: true });
    }
    return this.#source;
  }

  static async open(
    configFile: string,
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<SiteWriter> {
    return new SiteWriter(await loadConfig(configFile, environment));
  }

  /** What makes sure that a change which was told of is durable. */
  publisher(signal?: AbortSignal): Publisher {
    return new Publisher({
      marker: new OutageFile(this.#folders),
      clock: Date.now,
      random: Math.random,
      relay: async () => this.relay(signal),
      // Workers and sweepers look for what was marked.
      recover: async () => undefined,
    });
  }

  /** Sends what waits in the outbox to the queue. A queue that can't be used is no error: what waits stays, and the report says why. */
  async relay(signal?: AbortSignal): Promise<RelayReport> {
    const { outbox } = this.source;
    try {
      using queue = openQueue(this.config);
      const report = await relayOutbox(outbox, queue, { signal });
      if (queue.billedRequests === 0) return report;
      return { ...report, cost: costOf({ ...NO_REQUESTS, queue: queue.billedRequests }, this.config.site.prices) };
    } catch (error) {
      if (!(error instanceof RekilnError)) throw error;
      return { sent: 0, waiting: outbox.count(), tooLarge: 0, error, needsBuild: outbox.needsBuild() };
    }
  }

  /** @throws RekilnError `type-unknown`, naming the types that there are */
  checkType(type: string): void {
    const { entities } = this.config.site;
    if (entities.has(type)) return;
    throw new RekilnError({
      code: "type-unknown",
      message: `There is no entity type ${JSON.stringify(type)}.`,
      disposition: "fatal",
      hint: `Use one of: ${[...entities.keys()].join(", ")}.`,
    });
  }

  /** Where the record of an entity stands that is read from files, as people write it: `data/film.ndjson`. */
  async placeOf(type: string, id: string | undefined): Promise<string> {
    const { source } = this.config.site;
    if (source.kind === "embedded") return entityFileOf(this.#folders);
    if (source.kind === "sqlite") return source.file;
    if (source.kind === "postgres") return "the database";
    if (source.kind === "snapshot") return `the source that ${bucketAddress(source)} is written from`;
    const found = await recordFiles(dataPathOf(this.config, source.dir), source.dir, type);
    const own = found.find(({ name }) => id !== undefined && name.endsWith(`/${type}/${id}.json`));
    if (own !== undefined) return own.name;
    const [first, ...others] = found.map(({ name }) => name);
    const single = join(source.dir, `${type}.ndjson`);
    if (first === undefined) return single;
    if (others.length === 0) return first;
    const several = `the file in ${join(source.dir, type)}/ that holds it`;
    return first === single ? `${single}, or ${several}` : several;
  }

  [Symbol.dispose](): void {
    this.#source?.[Symbol.dispose]();
  }
}
