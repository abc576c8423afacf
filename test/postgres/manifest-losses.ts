import { describe, expect, onTestFinished, test } from "vitest";

import type { PageKey } from "../../src/core/page.ts";
import type { ManifestTransaction } from "../../src/manifest/manifest.ts";
import type { PostgresChannel } from "../../src/manifest/postgres-channel.ts";
import { PostgresManifest } from "../../src/manifest/postgres-manifest.ts";
import { makeSite } from "../../src/manifest/postgres-site.ts";
import type { SiteAddress } from "../../src/manifest/postgres-site.ts";
import { BlockingPostgres } from "../../src/system/blocking-postgres.ts";
import { entity, film, FILM, recordOf, REF } from "../contract/manifest-under-test.ts";
import type { StartedPostgres } from "../support/started-postgres.ts";
import type { CountingProxy } from "./counting-proxy.ts";
import { testProxy } from "./test-proxy.ts";
import type { Cut } from "./counting-proxy.ts";

/** Begin, a question in the middle, and the commit. */
const STEPS = [1, 2, 3];
const CUTS: readonly Cut[] = ["question", "answer"];
const OTHER = film("2");

/** What is done in the middle of a transaction has to be asked of the server. */
function write(manifest: PostgresManifest): void {
  manifest.transact(
    (transaction) => {
      transaction.record(recordOf(FILM), [entity("*")]);
      transaction.touch([REF], 7);
      manifest.setMeta("seen", "7");
      transaction.record(recordOf(OTHER), []);
    },
    false,
    { pages: [FILM] },
  );
}

/** Breaks the connection at one exchange. */
class BreakingChannel implements PostgresChannel {
  cutAt: { exchange: number; readonly where: Cut } | undefined;
  readonly #channel: BlockingPostgres;
  readonly #proxy: CountingProxy;

  constructor(proxy: CountingProxy) {
    this.#proxy = proxy;
    this.#channel = new BlockingPostgres(proxy.url);
  }

  get name(): string {
    return this.#channel.name;
  }

  get roundTrips(): number {
    return this.#channel.roundTrips;
  }

  exchange(...asked: Parameters<PostgresChannel["exchange"]>): ReturnType<PostgresChannel["exchange"]> {
    if (this.cutAt !== undefined && --this.cutAt.exchange === 0) this.#proxy.cut(this.cutAt.where);
    return this.#channel.exchange(...asked);
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }
}

export function manifestLossTests(server: () => StartedPostgres, newSite: () => SiteAddress): void {
  const direct = (address: SiteAddress): PostgresManifest => {
    const manifest = new PostgresManifest(new BlockingPostgres(server().localUrl("")), address);
    onTestFinished(() => manifest[Symbol.dispose]());
    return manifest;
  };
  const kept = (manifest: PostgresManifest): readonly unknown[] => [
    manifest.page(FILM)?.published?.path,
    manifest.page(OTHER)?.published?.path,
    [...manifest.dependants(REF)].map(({ key }) => key),
    manifest.transact((transaction) => transaction.isTouchedAbove([REF], 6)),
    manifest.meta("seen"),
  ];
  const NOTHING = [undefined, undefined, [], false, undefined];
  const ALL = ["/film/1/", "/film/2/", [FILM], true, "7"] satisfies [string, string, PageKey[], boolean, string];

  describe("a connection that is lost", () => {
    test.for(STEPS.flatMap((exchange) => CUTS.map((where) => ({ exchange, where }))))(
      "with the $where of exchange $exchange of a transaction makes an error that asks for another try, and all or nothing is there",
      async ({ exchange, where }) => {
        const proxy = await testProxy(server());
        const address = newSite();
        const channel = new BreakingChannel(proxy);
        using manifest = new PostgresManifest(channel, address);
        manifest.meta("warm");
        channel.cutAt = { exchange, where };
        expect(() => write(manifest)).toThrow(
          expect.objectContaining({ code: "manifest-unreachable", disposition: "retry" }),
        );
        // What the answer to the commit would have said, nobody knows; here the server got as far.
        const isCommitted = exchange === 3 && where === "answer";
        expect(kept(direct(address))).toEqual(isCommitted ? ALL : NOTHING);
        // The lock isn't held any more, and the same transaction goes through.
        write(manifest);
        expect(kept(direct(address))).toEqual(ALL);
      },
    );

    test("stays lost for the rest of its transaction, whoever catches the error", async () => {
      const proxy = await testProxy(server());
      const address = newSite();
      const channel = new BreakingChannel(proxy);
      using manifest = new PostgresManifest(channel, address);
      manifest.meta("warm");
      channel.cutAt = { exchange: 2, where: "question" };
      const work = (transaction: ManifestTransaction): void => {
        transaction.record(recordOf(FILM), [entity("*")]);
        expect(() => transaction.page(film("9"))).toThrow("can't be reached");
        transaction.record(recordOf(FILM, { error: "later" }), []);
      };
      expect(() => manifest.transact(work)).toThrow(expect.objectContaining({ disposition: "retry" }));
      expect(direct(address).page(FILM)).toBeUndefined();
    });

    test("because the server ended it is made anew for the next question", () => {
      using channel = new BlockingPostgres(server().localUrl(""));
      using manifest = new PostgresManifest(channel, newSite());
      write(manifest);
      const pid = channel.exchange(["SELECT pg_backend_pid() AS pid"])[0]?.[0]?.["pid"];
      using other = new BlockingPostgres(server().localUrl(""));
      other.exchange([`SELECT pg_terminate_backend(${String(pid)}, 10000)`]);
      expect(() => manifest.page(FILM)).toThrow(expect.objectContaining({ disposition: "retry" }));
      expect(manifest.page(FILM)?.published?.path).toBe("/film/1/");
    });
  });

  describe("a transaction", () => {
    test("lets go of the lock soon when its machine is paused, and waits longer than that for others", () => {
      using channel = new BlockingPostgres(server().localUrl(""));
      using manifest = new PostgresManifest(channel, newSite());
      const names = ["idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout", "synchronous_commit"];
      const settings = manifest.transact(() => {
        const asked = `SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(", ")}`;
        return channel.exchange([asked], { continues: true })[0]?.[0];
      }, true);
      expect(Object.values(settings ?? {})).toEqual(["30s", "1min", "1min", "on"]);
    });

    test("is refused once another manifest stands in its place, and reads too", () => {
      const address = newSite();
      const [first, second] = [direct(address), direct(address)];
      write(first);
      using channel = new BlockingPostgres(server().localUrl(""));
      const site = makeSite(channel, address.schema, address.name);
      for (const use of [() => write(first), () => second.page(FILM), () => second.setMeta("a", "b")])
        expect(use).toThrow(expect.objectContaining({ code: "manifest-replaced", disposition: "retry" }));
      expect(kept(direct({ ...address, site }))).toEqual(NOTHING);
    });

    test("keeps texts with every character that JSON has", () => {
      const address = newSite();
      const error = `a\0b\u0001c\\d'e"f\u2028\u{1F3AC}\r\n\t$$`;
      const manifest = direct(address);
      manifest.transact((transaction) => transaction.record(recordOf(FILM, { error }), []));
      manifest.setMeta("name\0\\", "\0\u0001");
      const other = direct(address);
      expect([other.page(FILM)?.error, other.meta("name\0\\")]).toEqual([error, "\0\u0001"]);
      // As a file of UTF-8 has it.
      manifest.setMeta("half", "\uD83C");
      expect(other.meta("half")).toBe("\uFFFD");
    });
  });
}
