import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  allRef,
  assetRef,
  claimRef,
  conditionRef,
  entityRef,
  existenceRef,
  existsRef,
  hash53,
  valuesRef,
} from "../../../src/core/ref.ts";

describe("a ref's hash", () => {
  // Stored in manifests: another value would cut every page off from what it read.
  test("is the same for ever", () => {
    expect({
      empty: hash53(""),
      entity: entityRef("film", "42"),
      existence: existenceRef("film", "42"),
      condition: conditionRef("film", "genre", "drama"),
      exists: existsRef("film", "genre", "drama", true),
      existsNot: existsRef("film", "genre", "drama", false),
      all: allRef("film"),
      values: valuesRef("film", "genre"),
      claim: claimRef("/films/alien"),
      asset: assetRef("site.css"),
    }).toEqual({
      empty: 3338908027751811,
      entity: 6066398416954731,
      existence: 8487865134252113,
      condition: 6387514906929668,
      exists: 4879226062399049,
      existsNot: 7561024722942008,
      all: 7396672518982074,
      values: 7199247241128483,
      claim: 2840699493465016,
      asset: 2110325646184671,
    });
  });

  test("is a whole number that a double holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(Number.isSafeInteger(hash53(text))).toBe(true);
        expect(hash53(text)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("differs between kinds that are given the same words", () => {
    const words = ["film", "genre", "drama", "a", "*", ""];
    const seen = new Map<number, string>();
    const add = (name: string, hash: number): void => {
      expect(seen.get(hash), name).toBeUndefined();
      seen.set(hash, name);
    };
    for (const a of words) {
      add(`all ${a}`, allRef(a));
      add(`claim ${a}`, claimRef(a));
      add(`asset ${a}`, assetRef(a));
      for (const b of words) {
        add(`entity ${a} ${b}`, entityRef(a, b));
        add(`existence ${a} ${b}`, existenceRef(a, b));
        add(`values ${a} ${b}`, valuesRef(a, b));
        for (const c of words) {
          add(`condition ${a} ${b} ${c}`, conditionRef(a, b, c));
          for (const answer of [true, false]) add(`exists ${a} ${b} ${c} ${answer}`, existsRef(a, b, c, answer));
        }
      }
    }
  });

  test("differs between values that only their type tells apart", () => {
    const values = [1, "1", true, "true", false, "false", 0, "0", "", "-0"];
    expect(new Set(values.map((value) => conditionRef("film", "x", value))).size).toBe(values.length);
    expect(conditionRef("film", "x", -0)).toBe(conditionRef("film", "x", 0));
  });

  test("differs between a hundred thousand entities of one type", () => {
    const hashes = new Set<number>();
    for (let id = 0; id < 100_000; id++) hashes.add(entityRef("film", String(id)));
    expect(hashes.size).toBe(100_000);
  });
});
