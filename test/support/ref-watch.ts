import { parsePageKey, subjectKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { Scalar } from "../../src/core/read.ts";
import { allRef, claimRef, conditionRef, entityRef, existenceRef, existsRef, valuesRef } from "../../src/core/ref.ts";
import type { RefHash } from "../../src/core/ref.ts";
import { valuesOf } from "../../src/core/tuple.ts";
import { SqliteManifest } from "../../src/manifest/sqlite-manifest.ts";
import { ancestorKeys, parsePath } from "../../src/site/path.ts";
import type { Site } from "../../src/site/site.ts";
import type { DrainedInProcess } from "./drain-in-process.ts";

type Fields = Readonly<Record<string, unknown>>;
/** Entities by type and id. */
export type Data = ReadonlyMap<string, ReadonlyMap<string, Fields>>;

interface Changed {
  readonly type: string;
  readonly id: string;
  readonly shapes: readonly Fields[];
}

/** What may lead to a page when data changes, worked out from the data and the manifest alone: nothing that decides it in the product is used. */
export class RefWatch {
  readonly #site: Site;
  readonly #manifestFile: string;
  readonly #changed: readonly Changed[];
  readonly #refs: readonly RefHash[];
  readonly #led = new Set<PageKey>();
  readonly #pathsBefore: ReadonlyMap<PageKey, string>;

  /** Before a drain. */
  constructor(site: Site, manifestFile: string, before: Data, after: Data) {
    this.#site = site;
    this.#manifestFile = manifestFile;
    this.#changed = changesBetween(before, after);
    this.#refs = this.#changed.flatMap((one) => refsOf(site, one));
    using manifest = new SqliteManifest(manifestFile);
    this.#noteLed(manifest, this.#refs);
    for (const { key } of manifest.stalePages(10_000)) this.#led.add(key);
    this.#pathsBefore = pathsOf(manifest);
  }

  /** After it: the pages that were rendered though nothing leads to them. */
  unexplained({ rendered, released }: DrainedInProcess): readonly PageKey[] {
    using manifest = new SqliteManifest(this.#manifestFile);
    this.#noteLed(manifest, this.#refs);
    for (const { key } of manifest.stalePages(10_000)) this.#led.add(key);
    // Who wants a path that a page came to, or left.
    const after = pathsOf(manifest);
    const moved = [...new Set([...this.#pathsBefore.keys(), ...after.keys()])].flatMap((key) => {
      const paths = [this.#pathsBefore.get(key), after.get(key)];
      return paths[0] === paths[1] ? [] : paths.filter((path) => path !== undefined);
    });
    this.#noteLed(manifest, moved.flatMap(claimsOf));
    const isLed = (key: PageKey): boolean => {
      const { route, subject } = parsePageKey(key);
      // Page 1 knows how many pages there are: it leads to those that come and go.
      return (
        this.#led.has(key) || this.#led.has(subjectKey(route, subject)) || released.includes(route) || this.#isOwn(key)
      );
    };
    return [...new Set(rendered)].filter((key) => !isLed(key)).sort();
  }

  #noteLed(manifest: SqliteManifest, refs: readonly RefHash[]): void {
    for (const ref of refs) for (const { key } of manifest.dependants(ref)) this.#led.add(key);
  }

  /** Whether a page is about an entity that changed, or about a value of one. */
  #isOwn(key: PageKey): boolean {
    const { route, subject } = parsePageKey(key);
    const each = this.#site.routes.get(route)?.each;
    if (each === undefined || each.kind === "one" || subject === undefined) return false;
    return this.#changed.some(({ type, id, shapes }) => {
      if (type !== each.type) return false;
      return each.kind === "entity"
        ? subject === id
        : shapes.some((shape) => valuesOf(shape[each.field]).includes(subject));
    });
  }
}

function changesBetween(before: Data, after: Data): readonly Changed[] {
  const changed: Changed[] = [];
  for (const type of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(type), after.get(type)];
    for (const id of new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])) {
      const shapes = [was?.get(id), is?.get(id)];
      if (JSON.stringify(shapes[0]) === JSON.stringify(shapes[1])) continue;
      changed.push({ type, id, shapes: shapes.filter((shape) => shape !== undefined) });
    }
  }
  return changed;
}

function refsOf(site: Site, { type, id, shapes }: Changed): readonly RefHash[] {
  const index = site.entities.get(type)?.index ?? [];
  const conditions = index.flatMap((field) => {
    const values = new Set<Scalar>(shapes.flatMap((shape) => valuesOf(shape[field])));
    // Of two shapes with one value nobody learns whether there is such a value.
    const isAnswer = (value: Scalar): boolean =>
      shapes.length === 1 || !shapes.every((shape) => valuesOf(shape[field]).includes(value));
    return [
      valuesRef(type, field),
      ...Array.from(values, (value) => conditionRef(type, field, value)),
      ...[...values].filter(isAnswer).flatMap((value) => [true, false].map((is) => existsRef(type, field, value, is))),
    ];
  });
  const existence = shapes.length === 1 ? [existenceRef(type, id)] : [];
  return [entityRef(type, id), ...existence, allRef(type), ...conditions];
}

function pathsOf(manifest: SqliteManifest): ReadonlyMap<PageKey, string> {
  return new Map([...manifest.stored()].flat().map(({ key, path }) => [key, path]));
}

function claimsOf(path: string): readonly RefHash[] {
  const parsed = parsePath(path);
  if (!parsed.ok) return [];
  return [parsed.collisionKey, ...ancestorKeys(parsed.path)].map(claimRef);
}
