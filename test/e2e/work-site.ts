import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "vitest";
import { z } from "zod";

import type { Queue } from "../../src/queue/queue.ts";
import { openLocalQueue } from "../../src/system/open-queue.ts";
import { build, rekiln, rekilnReading } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmSite } from "./film-site.ts";
import type { Film } from "./film-site.ts";

const summarySchema = z.object({
  schema: z.literal("rekiln.work.1"),
  ended: z.enum(["empty", "stopped", "replaced"]),
  messages: z.number(),
  changes: z.number(),
  affected: z.number(),
  handedOn: z.number(),
  rendered: z.number(),
  written: z.number(),
  equal: z.number(),
  verified: z.number(),
  removed: z.number(),
  withheld: z.number(),
  failed: z.number(),
  retries: z.number(),
  discarded: z.number(),
  setAside: z.number(),
  released: z.number(),
  errors: z.array(z.string()),
  cost: z.object({ requests: z.record(z.string(), z.number()), dollars: z.number() }),
  exitCode: z.number(),
});

/** What `work --json` says, with what the process itself left. */
export type Worked = z.infer<typeof summarySchema> & { readonly stderr: string; readonly seconds: number };

/** What a worker that has ended printed; it must have ended with the exit code that stands there. */
export function workedOf(ended: Awaited<ReturnType<typeof rekiln>>): Worked {
  const { code, signal, stdout, stderr, seconds } = ended;
  if (stdout === "") throw new Error(`work printed nothing and ended with ${code ?? signal}: ${stderr}`);
  const summary = summarySchema.parse(JSON.parse(stdout));
  if (summary.exitCode !== code) throw new Error(`work said ${summary.exitCode} and ended with ${code}: ${stderr}`);
  return { ...summary, stderr, seconds };
}

/** The queue of a site, as its commands use it. */
export function siteQueue(site: TemporarySite): Queue {
  return openLocalQueue({ state: join(site.folder, ".rekiln") });
}

/** Runs `rekiln work --until-empty --json`. */
export async function drain(folder: string, ...args: readonly string[]): Promise<Worked> {
  return workedOf(await rekiln(folder, "work", "--until-empty", "--json", ...args));
}

/** The film site with a source that rekiln owns, and the films that it should have. */
export class WorkSite {
  readonly site: TemporarySite;
  readonly films: Map<string, Film>;

  private constructor(site: TemporarySite, films: readonly Film[]) {
    this.site = site;
    this.films = new Map(films.map((film) => [film.id, film]));
  }

  /** Imported and built, with nothing in its queue. */
  static async make(films: readonly Film[], change?: (site: TemporarySite) => void): Promise<WorkSite> {
    const site = filmSite(films);
    site.edit("rekiln.config.ts", 'files("data/")', "embedded()");
    site.edit("rekiln.config.ts", ", files,", ", embedded,");
    change?.(site);
    // Queues that are elsewhere have to be made.
    if (change !== undefined) expect(await rekiln(site.folder, "provision")).toMatchObject({ code: 0 });
    const imported = await rekiln(site.folder, "import", "data/film.ndjson", "data/director.ndjson");
    expect(imported, imported.stderr).toMatchObject({ code: 0 });
    expect(await build(site.folder)).toMatchObject({ exitCode: 0 });
    expect(await rekiln(site.folder, "queue", "purge", "--yes")).toMatchObject({ code: 0 });
    return new WorkSite(site, films);
  }

  get folder(): string {
    return this.site.folder;
  }

  /** Puts a film, as an editor does. */
  async put(film: Film): Promise<void> {
    this.films.set(film.id, film);
    const put = await rekilnReading(JSON.stringify(film), this.folder, "put", `film:${film.id}`);
    expect(put, put.stderr).toMatchObject({ code: 0, stderr: "" });
  }

  /** Puts many at once. */
  async import(films: readonly Film[]): Promise<void> {
    for (const film of films) this.films.set(film.id, film);
    writeFileSync(join(this.folder, "more.ndjson"), films.map((film) => `${JSON.stringify(film)}\n`).join(""));
    const imported = await rekiln(this.folder, "import", "--type", "film", "more.ndjson");
    expect(imported, imported.stderr).toMatchObject({ code: 0, stderr: "" });
  }

  async delete(id: string): Promise<void> {
    this.films.delete(id);
    expect(await rekiln(this.folder, "delete", `film:${id}`)).toMatchObject({ code: 0, stderr: "" });
  }

  film(id: string): Film {
    const film = this.films.get(id);
    if (film === undefined) throw new Error(`there is no film ${id}`);
    return film;
  }

  /** How its pages differ from those of a clean build of the same films. */
  async differencesFromClean(): Promise<readonly string[]> {
    const clean = filmSite([...this.films.values()]);
    for (const name of ["film", "genre", "films", "home"]) {
      clean.write(`templates/${name}.eta`, this.site.read(`templates/${name}.eta`));
    }
    await build(clean.folder);
    return differences(clean.pages(), this.site.pages());
  }
}
