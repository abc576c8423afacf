import { decodeChange } from "../../src/core/change-event.ts";
import { parsePageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import { decodeWork } from "../../src/core/work-message.ts";
import { OpenPaths } from "../../src/press/open-paths.ts";
import { wantedOf } from "../../src/press/path-claims.ts";
import { expectedPages } from "./expected.ts";
import type { ExpectedPage } from "./expected.ts";
import type { World } from "./world.ts";

/** What is still asked for, now: by messages that aren't acked, and by the outbox. */
export class Asked {
  readonly #world: World;
  readonly #keys = new Set<PageKey>();
  readonly #routes = new Set<string>();
  /** By `type:id`: up to which version its changes are told of. */
  readonly #changes = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    for (const { outstanding } of Object.values(world.lanes)) for (const body of outstanding.values()) this.#note(body);
    for (const { change } of world.source.waiting(0, 1000).changes)
      this.#noteChange(change.type, change.id, change.version);
  }

  /** Whether something leads to a press of the page. */
  has(key: PageKey): boolean {
    if (this.#keys.has(key) || this.#routes.has(parsePageKey(key).route)) return true;
    const { manifest, history } = this.#world;
    const seen = manifest?.page(key)?.verified.version ?? 0;
    // Whoever pressed it last may have died since: what led them to it leads to it once more.
    const isOpen = manifest !== undefined && new OpenPaths(manifest).of(key).length > 0;
    for (const { type, id, version } of history) {
      const isNew = version > seen;
      if ((!isNew && !isOpen) || version > (this.#changes.get(`${type}:${id}`) ?? 0)) continue;
      if (this.#changed(key, version) || (isNew && this.#matters(key, { type, id }, seen))) return true;
    }
    return false;
  }

  /** Whether a page will be pressed that looks who stands at a path: one that wants it, or that `key` left it to. */
  leadsTo(path: string, key: PageKey): boolean {
    const expected = this.#world.expected(this.#world.source.version(), this.#world.templates);
    const place = path.toLowerCase();
    for (const page of expected.values()) if (page.path.toLowerCase() === place && this.has(page.key)) return true;
    // Whoever stands there, and is pressed, sees who wants it.
    for (const [at, { carried }] of this.#world.files.objects) {
      const isThere = `/${at.replace(/index\.html$/, "")}`.toLowerCase() === place;
      // Keys of the simulated site are carried as they are.
      if (isThere && carried !== undefined && this.has(carried.key as PageKey)) return true;
    }
    return [...this.#takers(path, key), ...this.#standing(place)].some((page) => this.has(page));
  }

  /** The pages that stand at a place: once they leave it, they lead to whoever wants it. */
  #standing(place: string): readonly PageKey[] {
    const { manifest } = this.#world;
    const rows = manifest === undefined ? [] : [...manifest.stored()].flat();
    return rows.filter((row) => row.path.toLowerCase() === place).map((row) => row.key);
  }

  /** The pages that `key` has left a path to. They may want another one by now: then they lead back to it. */
  #takers(path: string, key: PageKey): readonly PageKey[] {
    const { manifest, source, templates } = this.#world;
    const left = manifest?.left.at(wantedOf(path)?.collisionKey ?? "");
    if (manifest === undefined || left?.kind !== "handover" || left.key !== key) return [];
    const openPaths = new OpenPaths(manifest);
    const keys = new Set([...this.#world.expected(source.version(), templates).keys(), ...this.#keys]);
    return [...keys].filter((taker) => openPaths.of(taker).includes(path));
  }

  #note(body: string): void {
    const read = decodeChange(body);
    if (read.ok) {
      this.#noteChange(read.event.type, read.event.id, read.event.version ?? Number.POSITIVE_INFINITY);
      return;
    }
    const parsed = parsedOf(body);
    const work = parsed === undefined ? undefined : decodeWork(parsed);
    if (work?.ok !== true) return;
    if (work.message.kind === "route") this.#routes.add(work.message.route);
    else for (const key of work.message.keys) this.#keys.add(key);
  }

  #noteChange(type: string, id: string, version: number): void {
    const name = `${type}:${id}`;
    this.#changes.set(name, Math.max(version, this.#changes.get(name) ?? 0));
  }

  /** Whether a page would be another one if an entity were still what it was at a version: two changes may only together change it. */
  #matters(key: PageKey, { type, id }: { readonly type: string; readonly id: string }, version: number): boolean {
    const { source, templates } = this.#world;
    if (!source.has(version)) return true;
    const entities = new Map(source.at(source.version()));
    const ofType = new Map(entities.get(type));
    const before = source.at(version).get(type)?.get(id);
    if (before === undefined) ofType.delete(id);
    else ofType.set(id, before);
    entities.set(type, ofType);
    const [now, otherwise] = [this.#world.expected(source.version(), templates), expectedPages(entities, templates)];
    return JSON.stringify(now.get(key)) !== JSON.stringify(otherwise.get(key));
  }

  /** Whether a commit made another page of it. */
  #changed(key: PageKey, version: number): boolean {
    const world = this.#world;
    if (!world.source.has(version - 1)) return true;
    const shown = (page: ExpectedPage | undefined): string | undefined =>
      page === undefined ? undefined : JSON.stringify([page.path, page.text, page.owner]);
    const [before, after] = [version - 1, version].map((at) => shown(world.expected(at, world.templates).get(key)));
    return before !== after;
  }
}

function parsedOf(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(body) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
