import { pageKey } from "../../src/core/page.ts";
import { encodeWork } from "../../src/core/work-message.ts";
import { parseSiteRecord } from "../../src/press/site-record.ts";
import { sendAll } from "../../src/queue/send-all.ts";
import type { Edit } from "../../src/source/edit.ts";
import type { Chance } from "./chance.ts";
import type { MemorySource } from "./memory-source.ts";
import { OpenedSite } from "./opened-site.ts";
import type { SimProcess } from "./scheduler.ts";
import { SimManifest } from "./sim-manifest.ts";
import type { Film } from "./site.ts";
import type { World } from "./world.ts";

const FILMS = ["1", "2", "3", "4"] as const;
const DIRECTORS = ["x", "y"] as const;
const SLUGS = ["s1", "s2", "s3", "S1", "g/a", "g/a/2"] as const;
const GENRES = ["a", "b", "A"] as const;

/**
 * In a store of objects two pages whose paths differ by case only can stand side by side: what becomes of them when a worker dies between one
 * and the other is left to the next build, and not simulated.
 */
function withoutCases(edit: Edit): Edit {
  const text = JSON.stringify(edit).replaceAll('"S1"', '"s4"').replaceAll('"A"', '"c"');
  // Of the same shape as before.
  return JSON.parse(text) as Edit;
}

/** Edits as a world's store can have them. */
export function editsFor(world: World, edits: readonly Edit[]): readonly Edit[] {
  return world.isObjects ? edits.map(withoutCases) : edits;
}

function randomFilm(chance: Chance, id: string): Film {
  return {
    id,
    title: `t${chance.below(1000)}`,
    slug: chance.happens(0.7) ? `f${id}` : chance.pick(SLUGS),
    director: chance.pick(DIRECTORS),
    genres: GENRES.filter(() => chance.happens(0.45)),
    rating: chance.below(4),
    isDraft: chance.happens(0.1),
    fails: chance.happens(0.03) ? "always" : chance.happens(0.25) ? "alone" : "never",
  };
}

/** What the site begins with. */
export function firstEdits(chance: Chance): readonly Edit[] {
  return [
    ...DIRECTORS.filter(() => chance.happens(0.6)).map((id): Edit => ({
      kind: "put",
      type: "director",
      input: { id, name: "n" },
    })),
    ...FILMS.filter(() => chance.happens(0.7)).map((id): Edit => ({
      kind: "put",
      type: "film",
      input: randomFilm(chance, id),
    })),
  ];
}

/** What an editor does next, in one commit. */
export function randomEdits(chance: Chance, source: MemorySource, last: string | undefined): readonly Edit[] {
  const films = source.at(source.version()).get("film");
  const [first = "1", ...others] = films?.keys() ?? [];
  // One change often follows another one of the same film.
  const isLast = last !== undefined && films?.has(last) === true && chance.happens(0.5);
  const id = isLast ? last : chance.happens(0.9) ? chance.pick([first, ...others]) : chance.pick(FILMS);
  const current = films?.get(id)?.["director"];
  const director = typeof current === "string" && chance.happens(0.4) ? current : chance.pick(DIRECTORS);
  const patch = (fields: Partial<Film>): Edit => ({ kind: "patch", type: "film", id, fields });
  switch (chance.below(18)) {
    case 0:
      return [{ kind: "put", type: "director", input: { id: director, name: `n${chance.below(1000)}` } }];
    case 1:
      return [{ kind: "delete", type: "director", id: director }];
    case 2:
    case 3:
      return [{ kind: "delete", type: "film", id }];
    case 4:
    case 5:
      return [{ kind: "put", type: "film", input: randomFilm(chance, chance.pick(FILMS)) }];
    case 6: {
      // Two films swap their paths.
      const other = chance.pick([first, ...others]);
      const [mine, theirs] = [films?.get(id), films?.get(other)];
      if (mine === undefined || theirs === undefined) return [];
      return [
        patch({ slug: (theirs as Film).slug }),
        { kind: "patch", type: "film", id: other, fields: { slug: (mine as Film).slug } },
      ];
    }
    case 7:
      return [patch({ slug: chance.pick(SLUGS) })];
    case 8:
      return [patch({ rating: chance.below(4) })];
    case 9:
      return [patch({ genres: GENRES.filter(() => chance.happens(0.45)) })];
    case 10:
      return [patch({ director })];
    case 11:
      return [patch({ isDraft: chance.happens(0.4), fails: chance.happens(0.1) ? "always" : "never" })];
    case 13:
    case 14:
      return [{ kind: "put", type: "director", input: { id: director, name: `n${chance.below(1000)}` } }];
    case 15:
      return [patch({ director: chance.pick(DIRECTORS) })];
    case 16:
      return [patch({ genres: GENRES.filter(() => chance.happens(0.45)), rating: chance.below(4) })];
    case 12:
      return [{ kind: "touch", type: "film", id }];
    default:
      return [patch({ title: `t${chance.below(1000)}` })];
  }
}

export function commit(world: World, edits: readonly Edit[]): void {
  const before = world.source.version();
  const outcomes = world.source.apply(edits);
  const version = world.source.version();
  if (version === before) return;
  world.counts.add("commits");
  for (const outcome of outcomes) {
    if ("version" in outcome && "id" in outcome) world.history.push({ type: outcome.type, id: outcome.id, version });
  }
  world.trace(`commit ${version}: ${JSON.stringify(edits)}`);
}

/** One command of an editor: changes, and then what is in the outbox goes to the queue. */
export async function runEditor(world: World, process: SimProcess, edits: readonly Edit[]): Promise<void> {
  await process.turn("edit");
  commit(world, edits);
  if (world.chance.happens(0.4)) return;
  const opened = new OpenedSite(world, process, world.manifest ?? new SimManifest(world));
  await opened.relay();
}

/** `rekiln rebuild`: a page on the live lane, or a whole route on the bulk lane. */
export async function runRebuild(world: World, process: SimProcess): Promise<void> {
  await process.turn("open");
  const { manifest, source, chance } = world;
  const record = parseSiteRecord(world.files.record ?? "");
  if (manifest === undefined || record === undefined) return;
  const { queue } = new OpenedSite(world, process, manifest);
  const { epoch } = record;
  const request = { version: source.version(), epoch, isForced: true, since: world.scheduler.clock(), waited: 0 };
  const film = pageKey("film", chance.pick(FILMS), 1);
  const [lane, body] = chance.happens(0.5)
    ? (["live", encodeWork({ kind: "pages", keys: [film], tries: 0, ...request })] as const)
    : (["bulk", encodeWork({ kind: "route", route: chance.pick(["film", "genre", "home"]), ...request })] as const);
  await sendAll(queue, lane, [body]);
}
