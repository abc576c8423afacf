import { expect, test } from "vitest";

import { entityRef } from "../../src/core/ref.ts";
import { countUp } from "../contract/count-up.ts";
import { manifestLeftPathsContract } from "../contract/manifest-left-paths-contract.ts";
import { manifestQueriesContract } from "../contract/manifest-queries-contract.ts";
import { manifestRowsContract } from "../contract/manifest-rows-contract.ts";
import { manifestSweepContract } from "../contract/manifest-sweep-contract.ts";
import { entity, FILM, ManifestUnderTest, recordOf, REF } from "../contract/manifest-under-test.ts";
import type { ManifestHarness } from "../contract/manifest-under-test.ts";
import { storeContract } from "../contract/store-contract.ts";
import type { Poll, StoreHarness } from "../contract/store-harness.ts";
import { isTelltaleWhole } from "../contract/telltale-content.ts";
import { MemoryManifest } from "./memory-manifest.ts";
import { MemoryFiles, MemoryStore } from "./memory-store.ts";

function manifestHarness(manifest: MemoryManifest): ManifestHarness {
  return {
    manifest,
    connect: () => manifest,
    reopen: () => manifestHarness(manifest),
    countElsewhere: async (key, times) => {
      for (let time = 0; time < times; time++) {
        await Promise.resolve();
        countUp(manifest, key);
      }
    },
  };
}

function storeHarness(): StoreHarness {
  const files = new MemoryFiles();
  return {
    store: new MemoryStore(files, "test"),
    connect: (writer) => new MemoryStore(files, writer),
    putForeign: (key, content) => void files.write(key, Buffer.from(content)),
    everything: () => [...files.objects.keys(), ...files.staged.keys()].toSorted(),
    poll: async (key): Promise<Poll> => {
      let [reads, torn, missing] = [0, 0, 0];
      // Nobody reads while somebody writes: they share a thread.
      const read = (): number => {
        const found = files.objects.get(key);
        reads++;
        if (found === undefined) missing++;
        else if (!isTelltaleWhole(found.body)) torn++;
        return reads;
      };
      return { reads: read, stop: async () => ({ reads: read() + 300, torn, missing }) };
    },
  };
}

// It is one connection for all: what others see of a transaction that isn't over, which the contract asks for too, isn't to be seen.
const under = new ManifestUnderTest(() => manifestHarness(new MemoryManifest()));
manifestRowsContract("memory", under);
manifestQueriesContract("memory", under);
manifestLeftPathsContract("memory", under);
manifestSweepContract("memory", under);
storeContract("memory", storeHarness);

test("memory: a transaction that throws leaves everything as it was", () => {
  const manifest = new MemoryManifest();
  manifest.transact((transaction) => transaction.record(recordOf(FILM), [entity("*")]));
  const fail = (): void =>
    manifest.transact((transaction) => {
      const row = transaction.page(FILM);
      if (row !== undefined) transaction.remove(row);
      transaction.record(recordOf(FILM, { error: "no" }), []);
      transaction.touch([REF], 10);
      manifest.setMeta("name", "value");
      throw new Error("killed");
    });
  expect(fail).toThrow("killed");
  expect(manifest.page(FILM)?.error).toBeUndefined();
  expect([...manifest.dependants(REF)]).toHaveLength(1);
  expect(manifest.isTouchedAbove([REF], 0)).toBe(false);
  expect(manifest.meta("name")).toBeUndefined();
});

test("memory: the newest version that touched a ref is kept", () => {
  const manifest = new MemoryManifest();
  const other = entityRef("film", "other");
  manifest.touch([REF], 20);
  manifest.touch([REF, other], 10);
  expect([manifest.isTouchedAbove([REF], 19), manifest.isTouchedAbove([REF], 20)]).toEqual([true, false]);
  expect([manifest.isTouchedAbove([other], 9), manifest.isTouchedAbove([other], 10)]).toEqual([true, false]);
});
