import type { Scalar } from "./read.ts";

/**
 * A dependency ref as stored: a 53-bit hash of what was read. Two refs with one hash cost a render that was not
 * needed, never a missed one.
 */
export type RefHash = number & { readonly __refHash: never };

/**
 * cyrb53 by bryc (public domain): two 32-bit multiplicative hashes over UTF-16 code units, joined to 53 bits. Of texts that begin alike
 * the beginning is hashed once.
 */
class Hash53 {
  readonly #a: number;
  readonly #b: number;

  constructor(start: string) {
    let a = 0xdeadbeef | 0;
    let b = 0x41c6ce57 | 0;
    for (let index = 0; index < start.length; index++) {
      const unit = start.charCodeAt(index);
      a = Math.imul(a ^ unit, 2654435761);
      b = Math.imul(b ^ unit, 1597334677);
    }
    this.#a = a;
    this.#b = b;
  }

  /** The hash of the beginning with `text` behind it. */
  of(text: string): number {
    let a = this.#a;
    let b = this.#b;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      a = Math.imul(a ^ unit, 2654435761);
      b = Math.imul(b ^ unit, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return 4294967296 * (2097151 & b) + (a >>> 0);
  }
}

const EMPTY = new Hash53("");
/** By type: entities are most of what pages read. */
const entities = new Map<string, Hash53>();
const existences = new Map<string, Hash53>();

export function hash53(text: string): number {
  return EMPTY.of(text);
}

const refHash = (text: string): RefHash => hash53(text) as RefHash;

/** Hashes an id behind its type. */
function idRef(known: Map<string, Hash53>, letter: string, type: string, id: string): RefHash {
  let ofType = known.get(type);
  if (ofType === undefined) {
    ofType = new Hash53(`${letter}\0${type}\0`);
    known.set(type, ofType);
  }
  return ofType.of(id) as RefHash;
}

/** `film:42{title}`: some fields of an entity, or all. */
export function entityRef(type: string, id: string): RefHash {
  return idRef(entities, "e", type, id);
}

/**
 * `film:42{}`: that an entity exists, or doesn't, and nothing else of it. Apart from its fields, since whatever is popular is linked to from
 * thousands of pages, and changes far more often than it comes or goes.
 */
export function existenceRef(type: string, id: string): RefHash {
  return idRef(existences, "x", type, id);
}

/** `film[genre=drama]`: the rows of a list, and how many there are. */
export function conditionRef(type: string, field: string, value: Scalar): RefHash {
  return refHash(`c\0${type}\0${field}\0${typeof value}\0${String(value)}`);
}

/**
 * `film[genre=drama]`, asked for whether any entity has the value, by the answer: thousands of pages link to a popular value, and for none
 * of them is the answer another one when one more entity has it.
 */
export function existsRef(type: string, field: string, value: Scalar, answer: boolean): RefHash {
  return refHash(`${answer ? "y" : "n"}\0${type}\0${field}\0${typeof value}\0${String(value)}`);
}

/** `film[*]` */
export function allRef(type: string): RefHash {
  return refHash(`*\0${type}`);
}

/** `film[genre]`: the values of a field, with their counts. */
export function valuesRef(type: string, field: string): RefHash {
  return refHash(`v\0${type}\0${field}`);
}

/** `path:/films/alien/`: a claim, by the collision key of the path. */
export function claimRef(collisionKey: string): RefHash {
  return refHash(`p\0${collisionKey}`);
}

/** `asset:site.css` */
export function assetRef(file: string): RefHash {
  return refHash(`a\0${file}`);
}
