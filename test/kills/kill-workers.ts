import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { expect, onTestFinished } from "vitest";

import { loadConfig } from "../../src/site/load-config.ts";
import { openQueue } from "../../src/system/open-queue.ts";
import { build, rekiln, Running } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmSite } from "../e2e/film-site.ts";
import { drain } from "../e2e/work-site.ts";
import type { Worked } from "../e2e/work-site.ts";
import { filmsAfter, firstFilm, isLasting } from "./film-edits.ts";
import { readPages } from "./page-reader.ts";
import { tethered } from "../support/tethered.ts";

const WRITER = fileURLToPath(new URL("write-films.ts", import.meta.url));
const LANES = ["live", "bulk"] as const;
/** Messages that killed workers held are given up at the sixth time: those are sent once more. */
const DRAINS_MAX = 5;

export interface KillOptions {
  readonly films: number;
  readonly edits: number;
  readonly workers: number;
  /** Workers to kill at least. */
  readonly kills: number;
  /** Longest time between two kills; the mean is half of it. */
  readonly killEveryMs: number;
  /** Mean time between two batches of edits. */
  readonly pauseMs: number;
  /** Whether the minute isn't waited for until messages of killed workers come back. */
  readonly isHurried: boolean;
  readonly say: (line: string) => void;
  /** Where the pages go instead of a directory. Nobody reads them meanwhile. */
  readonly bucket?: KillBucket;
}

/** A bucket to publish to, and perhaps queues, of a service that outlives the site. */
export interface KillBucket {
  /** Changes the config of a site so that it publishes there. */
  readonly publishHere: (site: TemporarySite) => void;
  /** Whether `rekiln migrate` has to make the tables of the site's manifest. */
  readonly migrates?: boolean;
  /** Live pages and other files, as `TemporarySite.pages` has them. */
  readonly pages: () => Promise<ReadonlyMap<string, string>>;
}

/** Starts workers, and others for those that it kills, until it is told to stop. */
class Workers {
  readonly #folder: string;
  readonly #all: Running[];
  killed = 0;

  constructor(folder: string, count: number) {
    this.#folder = folder;
    this.#all = Array.from({ length: count }, () => this.#start());
  }

  #start(): Running {
    return new Running(this.#folder, ["work", "--json", "--concurrency", "1"]);
  }

  /** Kills one, and starts another. */
  async killOne(): Promise<void> {
    const place = Math.floor(Math.random() * this.#all.length);
    const running = this.#all[place];
    if (running === undefined) return;
    running.kill("SIGKILL");
    const { signal, stderr } = await running.ended;
    // One that ended by itself did so for a reason that it must not have.
    expect(signal, stderr).toBe("SIGKILL");
    this.killed++;
    this.#all[place] = this.#start();
  }

  async killAll(): Promise<void> {
    for (const running of this.#all) running.kill("SIGKILL");
    for (const { ended } of this.#all) expect((await ended).signal).toBe("SIGKILL");
    this.killed += this.#all.length;
  }
}

/** A process that edits, killed now and then, and started again where it last said that something was done. */
class Writer {
  readonly ended: Promise<void>;
  readonly #folder: string;
  readonly #options: KillOptions;
  #kill: () => void = () => undefined;
  done = 0;
  killed = 0;
  hasEnded = false;

  constructor(folder: string, options: KillOptions) {
    this.#folder = folder;
    this.#options = options;
    this.ended = this.#run().finally(() => (this.hasEnded = true));
  }

  kill(): void {
    this.#kill();
  }

  async #run(): Promise<void> {
    const { films, edits, pauseMs } = this.#options;
    while (this.done < edits) {
      const parameters = [WRITER, films, this.done, edits, pauseMs].map(String);
      const child = spawn(...tethered(process.execPath, parameters), {
        cwd: this.#folder,
        stdio: ["ignore", "pipe", "inherit"],
      });
      this.#kill = () => void child.kill("SIGKILL");
      onTestFinished(this.#kill);
      createInterface(child.stdout).on("line", (line) => (this.done = Number(line.slice("done ".length))));
      const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
      if (signal === "SIGKILL") this.killed++;
      else expect({ code, signal }).toEqual({ code: 0, signal: null });
    }
  }
}

/** What time alone would do: what workers held that are dead can be received again. */
function ageMessages(site: TemporarySite): void {
  for (const lane of LANES) {
    using database = new DatabaseSync(join(site.folder, ".rekiln", `queue-${lane}.db`), { timeout: 5000 });
    database.prepare("UPDATE message SET due = ? WHERE is_held = 1").run(Date.now());
  }
}

/** Drains a queue; messages that were given up only because their workers were killed are sent once more. */
async function drainAll(
  site: TemporarySite,
): Promise<{ readonly redriven: number; readonly drains: readonly Worked[] }> {
  using queue = openQueue(await loadConfig(join(site.folder, "rekiln.config.ts"), process.env));
  const drains: Worked[] = [];
  let redriven = 0;
  for (let round = 0; round < DRAINS_MAX; round++) {
    drains.push(await drain(site.folder));
    let dead = 0;
    for (const lane of LANES) {
      const letters = await queue.deadLetters(lane, { limit: 10_000 });
      expect(letters.map(({ reason }) => reason).filter((reason) => !reason.startsWith("received "))).toEqual([]);
      dead += letters.length;
      redriven += await queue.redrive(lane, "all");
    }
    if (dead === 0) break;
  }
  return { redriven, drains };
}

/** Pages that are there whatever is edited. */
function lastingFiles(site: TemporarySite): readonly string[] {
  return site.files().filter((file) => {
    const number = /^films\/film-(\d+)\/index\.html$/.exec(file)?.[1];
    return number === undefined
      ? !/\/\d+\/index\.html$/.test(file) && !file.startsWith("films/film") && !file.endsWith(".css")
      : isLasting(Number(number));
  });
}

/**
 * Real processes: workers drain a queue while others edit and somebody reads, and all but the reader are killed at random. At the
 * end, no edit that was acknowledged is lost, the site equals a clean build, and no page was ever torn or missing.
 */
export async function killWorkers(options: KillOptions): Promise<Readonly<Record<string, number>>> {
  const { films, edits, kills, killEveryMs, say, bucket } = options;
  const site = filmSite(Array.from({ length: films }, (_, index) => firstFilm(index + 1)));
  site.edit("rekiln.config.ts", 'files("data/")', "embedded()");
  site.edit("rekiln.config.ts", ", files,", ", embedded,");
  bucket?.publishHere(site);
  if (bucket?.migrates === true) expect(await rekiln(site.folder, "migrate")).toMatchObject({ code: 0 });
  expect(await rekiln(site.folder, "provision")).toMatchObject({ code: 0 });
  const imported = await rekiln(site.folder, "import", "data/film.ndjson", "data/director.ndjson");
  expect(imported, imported.stderr).toMatchObject({ code: 0 });
  const built = await build(site.folder);
  expect(built.exitCode).toBe(0);
  expect(await rekiln(site.folder, "queue", "purge", "--yes")).toMatchObject({ code: 0 });
  say(`${built.pages} pages`);

  const over = new AbortController();
  const reading =
    bucket === undefined ? readPages(join(site.folder, "dist"), lastingFiles(site), over.signal) : undefined;
  const started = performance.now();
  const writer = new Writer(site.folder, options);
  const workers = new Workers(site.folder, options.workers);
  for (let turn = 1; !writer.hasEnded || workers.killed < kills; turn++) {
    await setTimeout(Math.random() * killEveryMs);
    if (turn % 8 === 0) writer.kill();
    await workers.killOne();
    if (turn % 10 === 0) say(`${writer.done} edits, ${workers.killed} workers killed`);
  }
  await writer.ended;
  await workers.killAll();
  const killedAfter = (performance.now() - started) / 1000;
  if (options.isHurried) ageMessages(site);
  const { redriven, drains } = await drainAll(site);
  over.abort();
  const seen = await reading;
  const after = (performance.now() - started) / 1000;

  expect(writer.done).toBe(edits);
  const clean = filmSite(filmsAfter(films, edits));
  expect(await build(clean.folder)).toMatchObject({ exitCode: 0 });
  expect(differences(clean.pages(), (await bucket?.pages()) ?? site.pages())).toEqual([]);
  // All that is left to a build is to clear away what killed processes have left beside the pages, and in a bucket to raise stamps.
  const again = await build(site.folder);
  expect(again).toMatchObject({ exitCode: 0, removed: 0 });
  if (bucket === undefined) {
    expect(again.wrote).toBe(0);
    expect(site.leftovers()).toEqual([]);
  } else expect(differences(clean.pages(), await bucket.pages())).toEqual([]);
  expect({ torn: seen?.torn ?? [], missing: seen?.missing ?? [] }).toEqual({ torn: [], missing: [] });
  for (const one of drains) expect(one).toMatchObject({ ended: "empty", failed: 0, withheld: 0 });
  return {
    pages: built.pages,
    edits,
    workersKilled: workers.killed,
    writersKilled: writer.killed,
    reads: seen?.reads ?? 0,
    redriven,
    drainMessages: drains.reduce((sum, { messages }) => sum + messages, 0),
    drainRendered: drains.reduce((sum, { rendered }) => sum + rendered, 0),
    secondsOfKills: Math.round(killedAfter),
    secondsOfDrain: Math.round(after - killedAfter),
  };
}
