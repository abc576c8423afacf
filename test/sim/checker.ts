import { digestOf } from "../../src/core/digest.ts";
import type { PageKey } from "../../src/core/page.ts";
import { carriedKey } from "../../src/core/stamp.ts";
import type { Carried, Stamp } from "../../src/core/stamp.ts";
import { LANES } from "../../src/queue/queue.ts";
import { isRedirectKey } from "../../src/press/redirect-page.ts";
import { isTombstoneKey } from "../../src/press/tombstone-page.ts";
import type { PageRow } from "../../src/manifest/manifest.ts";
import { Asked } from "./asked.ts";
import type { Expected } from "./expected.ts";
import type { MemoryFile } from "./memory-store.ts";
import { templatesOf } from "./site.ts";
import type { World } from "./world.ts";

interface WrongPage {
  readonly key: PageKey;
  /** Where it should be, or shouldn't. */
  readonly path: string;
  readonly why: string;
}

/** Removals of drains are counted to ten minutes. */
const SLICE_MS = 600_000;
const HOUR_MS = 50 * 60_000;

const objectKeyOf = (path: string): string => `${path.slice(1)}index.html`;
const pathOf = (objectKey: string): string => `/${objectKey.replace(/index\.html$/, "")}`;
const carried = (key: PageKey): string => carriedKey(key, digestOf);

/** Watches that the promises are kept, at every put and at every ack. */
export class Checker {
  readonly #world: World;
  /** By carried key: the stamp that the page was last put with. */
  readonly #newest = new Map<string, Stamp>();
  /** By carried key: the version in which it was seen to be gone. */
  readonly #goneAt = new Map<string, number>();

  /** When builds, each by its name, and drains have removed pages. */
  #removals = new Map<string, number[]>();
  /** The manifest that they are counted in: a new one begins anew. */
  #countedIn: object | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Versions, or files, begin anew: nothing is known of what was before. */
  forget(): void {
    this.#newest.clear();
    this.#goneAt.clear();
    this.#removals.clear();
  }

  /** G8: no build, and no hour of drains, removes more than its cap. */
  #countRemoval(manifest: object): void {
    if (manifest !== this.#countedIn) this.#removals = new Map();
    this.#countedIn = manifest;
    const { running, faults, scheduler } = this.#world;
    if (faults.maxDeletes === undefined) return;
    const by = running.name.startsWith("build") ? running.name : "drains";
    // Each worker counts by its own clock, and to ten minutes.
    const since = scheduler.clock() - HOUR_MS + SLICE_MS + 2 * faults.clockMs;
    const removals = (this.#removals.get(by) ?? []).filter((at) => at > since);
    removals.push(scheduler.clock());
    this.#removals.set(by, removals);
    if (removals.length > faults.maxDeletes) this.#world.fail(`G8: ${by} removed more than ${faults.maxDeletes} pages`);
  }

  onRemoved(manifest: object, { key, published }: PageRow): void {
    const { pressVersion: version } = this.#world;
    this.#countRemoval(manifest);
    this.#world.trace(`${this.#world.running.name} removes ${key} in ${version} ${JSON.stringify(published)}`);
    this.#newest.delete(carried(key));
    if (version !== undefined) this.#goneAt.set(carried(key), version);
  }

  /** G7, G8: a page that is where it should be, or that fails and keeps its last good bytes, isn't taken away. */
  onFileRemoved(objectKey: string): void {
    this.#checkTaken(objectKey, this.#world.files.objects.get(objectKey)?.carried);
  }

  #checkTaken(objectKey: string, found: Carried | undefined): void {
    const world = this.#world;
    if (found === undefined || isRedirectKey(found.key) || isTombstoneKey(found.key)) return;
    const { pressVersion = world.source.version(), running } = world;
    // Whoever presses no page removes what wasn't there at some time since it began.
    const since = world.pressVersion === undefined ? running.startedAt : pressVersion;
    const versions = Array.from({ length: pressVersion - since + 1 }, (_, index) => since + index);
    if (versions.some((version) => !world.source.has(version) || !this.#isInPlace(found.key, objectKey, version)))
      return;
    world.fail(`G7: ${found.key} is taken away from ${objectKey}`);
  }

  /** Whether a page is where it should be in a version, or fails in it, and nobody else may want the place. */
  #isInPlace(key: string, objectKey: string, version: number): boolean {
    const pages = [...this.#world.expected(version, this.#world.templates).values()];
    const page = pages.find((one) => carried(one.key) === key);
    const path = pathOf(objectKey);
    const place = path.toLowerCase();
    if (page === undefined || pages.some((other) => other !== page && other.path.toLowerCase() === place)) return false;
    return page.text === undefined || page.path === path;
  }

  /** G3, G8, and that what is put is a page of one version. */
  onPut(objectKey: string, before: MemoryFile | undefined): void {
    const world = this.#world;
    const put = world.files.objects.get(objectKey);
    world.counts.add("puts");
    if (put?.carried === undefined) {
      world.fail(`${objectKey} was put without a stamp`);
      return;
    }
    const { key, stamp } = put.carried;
    world.trace(`${world.running.name} puts ${key} at ${objectKey} ${JSON.stringify(stamp)} ${put.body}`);
    if (isRedirectKey(key)) {
      world.counts.add("redirects");
      return;
    }
    if (isTombstoneKey(key)) {
      world.counts.add("tombstones");
      this.#checkTaken(objectKey, before?.carried);
      return;
    }
    if (before?.carried?.key === key) this.#compare(key, before.carried.stamp, stamp, "at the path");
    const newest = this.#newest.get(key);
    // No condition holds back a put to a path that the page has left since: in a store of objects it lands, and is replaced by a redirect.
    if (newest !== undefined && !world.isObjects) this.#compare(key, newest, stamp, "of the page");
    this.#newest.set(key, stamp);
    const gone = this.#goneAt.get(key);
    if (gone !== undefined && gone > stamp.version) {
      world.fail(`G8: ${key} was gone at ${gone} and comes back from ${stamp.version}`);
    }
    this.#goneAt.delete(key);
    if (!world.source.has(stamp.version)) {
      // It was sent before the source was restored to an older version.
      world.counts.add("puts of versions that are lost");
      return;
    }
    const set = world.setOfEpoch.get(stamp.epoch);
    if (set === undefined) {
      world.fail(`${key} is stamped with the unknown epoch ${stamp.epoch}`);
      return;
    }
    const expected = world
      .expected(stamp.version, templatesOf(set))
      .values()
      .find((page) => carried(page.key) === key);
    if (expected === undefined || expected.text !== put.body || objectKeyOf(expected.path) !== objectKey) {
      world.fail(
        `${key} was put at ${objectKey} as ${put.body} from version ${stamp.version}, where it is ${JSON.stringify(expected)}`,
      );
    }
  }

  #compare(key: string, was: Stamp, is: Stamp, which: string): void {
    if (is.version >= was.version && is.epoch >= was.epoch && is.time >= was.time) return;
    this.#world.fail(`G3: ${key} went from ${JSON.stringify(was)} to ${JSON.stringify(is)}, ${which}`);
  }

  /** G2: for whatever isn't right yet there is a message, or a row of the outbox, that will make it so. */
  checkAcked(): void {
    const world = this.#world;
    world.counts.add("checks of acks");
    if (world.isBuildNeeded || world.areStraysLeft || world.buildLock !== undefined || world.manifest === undefined)
      return;
    const wrong = this.wrong();
    if (wrong.length === 0) return;
    const asked = new Asked(world);
    const { withheld } = world;
    for (const { key, path, why } of wrong) {
      if (withheld.has(carried(key))) continue;
      if (asked.has(key) || asked.leadsTo(path, key)) continue;
      world.fail(`G2: nothing asks for ${key} any more, though ${why}`);
    }
  }

  /** G1: nothing goes on any more, and what is wrong now stays so. */
  checkRest(when: string): void {
    for (const { key, why } of this.wrong()) {
      this.#world.fail(`G1: ${when} ${key} is wrong: ${why}`);
    }
    this.#checkDead();
  }

  /** Only what can't be used, and pages that fail, are given up: as often as they were copied by whoever put them back. */
  #checkDead(): void {
    const world = this.#world;
    const useless = new Set<string>();
    for (const lane of LANES) {
      for (const { body, reason } of world.lanes[lane].deadLetters({ limit: 1000 })) {
        if (world.poisoned.has(body)) useless.add(body);
        else if (!body.includes('"kind":"pages"') || reason.startsWith("the message can't be used"))
          world.fail(`a message is dead: ${body}: ${reason}`);
      }
    }
    if (world.counts.all.has("messages lost")) return;
    for (const body of world.poisoned) if (!useless.has(body)) world.fail(`nobody gave up what can't be used: ${body}`);
  }

  /** Pages that aren't what a clean build would make, but for those that fail and those in whose way these are. */
  wrong(): readonly WrongPage[] {
    const world = this.#world;
    const expected = world.expected(world.source.version(), world.templates);
    const exempt = this.#exempt(expected);
    const wrong: WrongPage[] = [];
    const right = new Set<string>();
    for (const page of expected.values()) {
      const at = objectKeyOf(page.path);
      if (page.owner !== undefined || page.text === undefined || exempt.has(page.path.toLowerCase())) continue;
      const file = world.files.objects.get(at);
      right.add(at);
      if (file?.carried?.key === carried(page.key) && file.body === page.text) continue;
      wrong.push({
        key: page.key,
        path: page.path,
        why: `at ${at} is ${file?.carried?.key} ${file?.body} instead of ${page.text}`,
      });
    }
    for (const [at, { carried: found }] of world.files.objects) {
      if (found === undefined || right.has(at) || isRedirectKey(found.key) || isTombstoneKey(found.key)) continue;
      const path = pathOf(at);
      if (exempt.has(path.toLowerCase())) continue;
      // Keys of the simulated site are carried as they are.
      wrong.push({ key: found.key as PageKey, path, why: `it stands at ${at}` });
    }
    return wrong;
  }

  /** Paths of pages that fail, where they want to be and where they are. */
  #exempt(expected: Expected): ReadonlySet<string> {
    const failing = [...expected.values()].filter(({ text }) => text === undefined);
    if (failing.length === 0) return new Set();
    const paths = new Set(failing.map(({ path }) => path.toLowerCase()));
    const keys = new Set(failing.map(({ key }) => carried(key)));
    for (const [at, { carried: found }] of this.#world.files.objects) {
      if (found !== undefined && keys.has(found.key)) paths.add(pathOf(at).toLowerCase());
    }
    return paths;
  }
}
