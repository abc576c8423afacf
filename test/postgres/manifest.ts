import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { afterAll, beforeAll, expect, onTestFinished } from "vitest";

import type { PostgresChannel } from "../../src/manifest/postgres-channel.ts";
import { migrate } from "../../src/manifest/postgres-schema.ts";
import { PostgresManifest } from "../../src/manifest/postgres-manifest.ts";
import { makeSite } from "../../src/manifest/postgres-site.ts";
import type { SiteAddress } from "../../src/manifest/postgres-site.ts";
import { BlockingPostgres } from "../../src/system/blocking-postgres.ts";
import { manifestContract } from "../contract/manifest-contract.ts";
import type { ManifestHarness } from "../contract/manifest-under-test.ts";
import type { StartedPostgres } from "../support/started-postgres.ts";
import { manifestLossTests } from "./manifest-losses.ts";
import type { CountData } from "./count-in-manifest.ts";

const COUNT = new URL("./count-in-manifest.ts", import.meta.url.split("?")[0]);
const SCHEMA = "rekiln";

/** Connections that nobody uses now: making one takes longer than most tests. */
const idle: BlockingPostgres[] = [];

/** A connection to the server, until it is given back or the test ends. */
function openChannel(server: StartedPostgres): PostgresChannel {
  const channel = idle.pop() ?? new BlockingPostgres(server.localUrl(""));
  let isOpen = true;
  const giveBack = (): void => {
    if (isOpen) idle.push(channel);
    isOpen = false;
  };
  onTestFinished(giveBack);
  return {
    get name() {
      return channel.name;
    },
    get roundTrips() {
      return channel.roundTrips;
    },
    exchange: (statements, options) => channel.exchange(statements, options),
    [Symbol.dispose]: giveBack,
  };
}

/** A site of its own on the server. */
function newSite(server: StartedPostgres): SiteAddress {
  const name = randomUUID();
  return { schema: SCHEMA, name, site: makeSite(openChannel(server), SCHEMA, name) };
}

function harnessOf(server: StartedPostgres, address: SiteAddress): ManifestHarness {
  const connect = (): PostgresManifest => new PostgresManifest(openChannel(server), address);
  const manifest = connect();
  return {
    manifest,
    connect,
    reopen: () => {
      manifest[Symbol.dispose]();
      return harnessOf(server, address);
    },
    countElsewhere: async (key, times) => {
      const workerData: CountData = { url: server.localUrl(""), address, key, times };
      const [code] = await once(new Worker(COUNT, { workerData }), "exit");
      expect(code).toBe(0);
    },
  };
}

export function manifestTests(started: () => StartedPostgres): void {
  afterAll(() => {
    for (const channel of idle.splice(0)) channel[Symbol.dispose]();
  });
  beforeAll(() => {
    using channel = new BlockingPostgres(started().localUrl(""));
    migrate(channel, SCHEMA, false);
  });

  manifestContract("postgres", () => harnessOf(started(), newSite(started())));
  manifestLossTests(started, () => newSite(started()));
}
