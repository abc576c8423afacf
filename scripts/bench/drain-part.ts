import { join } from "node:path";

import type { BenchPart } from "./bench-part.ts";
import { EmbeddedSite, mostDependedOn, spreadPackages } from "./embedded-site.ts";
import { figure } from "./figure.ts";
import { median } from "./median.ts";
import { othersFigure } from "./others-figure.ts";
import { rekilnWork } from "./rekiln-work.ts";
import type { RekilnWork } from "./rekiln-work.ts";
import { settleDisk } from "./settle-disk.ts";

const EVENTS = 4000;
const ONE_THREAD = ["--concurrency", "1"];
/** Each with what its workers are started with: all processors for one, then one thread each. */
const FLEETS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  all: [[]],
  one: [ONE_THREAD],
  two: [ONE_THREAD, ONE_THREAD],
};

interface Drain {
  readonly works: readonly RekilnWork[];
  /** Of the one that took longest. */
  readonly seconds: number;
}

const sumOf = (works: readonly RekilnWork[], pick: (work: RekilnWork) => number): number =>
  works.reduce((sum, work) => sum + pick(work), 0);

/** Pages a second of a change that affects a great many of the pages that the catalogue mostly has: those of packages. */
async function drainFanOut(site: EmbeddedSite, rounds: number, say: (line: string) => void): Promise<readonly Drain[]> {
  const hub = mostDependedOn(site.packages);
  const drains: Drain[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const act of [async () => site.delete(hub.id), async () => site.put([hub])]) {
      await act();
      settleDisk();
      const work = await rekilnWork(site.dir, []);
      drains.push({ works: [work], seconds: work.seconds });
      say(`round ${round}, ${hub.id} comes or goes: ${work.written} pages written, ${work.seconds.toFixed(2)} s`);
    }
  }
  return drains;
}

/**
 * Drains of other versions of packages all over the catalogue, so that fan-outs are as different as they really are: half of the pages
 * are lists, which take longer than others. Then of one change that affects a fifth of all pages, beside the cold build.
 */
export const drainPart: BenchPart = async ({ folder, rounds, pages, catalogue, say }) => {
  using site = await EmbeddedSite.make(await catalogue(), join(folder, "site"));
  const events = Math.min(EVENTS, Math.ceil((pages ?? Infinity) / 20));
  const drains: Record<string, Drain[]> = {};
  let edits = 0;
  for (let round = 1; round <= rounds; round++) {
    for (const [name, fleet] of Object.entries(FLEETS)) {
      const edit = `+bench${++edits}`;
      // The same packages in each drain of a round: what is compared is the same work.
      const packages = spreadPackages(site.packages, events, round);
      await site.put(packages.map((one) => ({ ...one, version: `${one.version}${edit}` })));
      settleDisk();
      const works = await Promise.all(fleet.map(async (args) => rekilnWork(site.dir, args)));
      const seconds = Math.max(...works.map((work) => work.seconds));
      (drains[name] ??= []).push({ works, seconds });
      const written = sumOf(works, (work) => work.written);
      if (written < events) throw new Error(`${events} other versions changed ${written} pages`);
      say(`round ${round}, ${name}: ${events} events, ${written} pages written, ${seconds.toFixed(2)} s`);
    }
  }
  const of = (name: string, pick: (drain: Drain) => number): number => median((drains[name] ?? []).map(pick));
  const rate = (name: string): number => of(name, ({ seconds }) => events / seconds);
  const pagesRate = ({ works, seconds }: Drain): number => sumOf(works, (work) => work.rendered) / seconds;
  const cpuMs = ({ works }: Drain): number =>
    (sumOf(works, (work) => work.cpuSeconds) * 1000) / sumOf(works, (work) => work.rendered);
  drains["fanOut"] = [...(await drainFanOut(site, rounds, say))];
  const { pages: builtPages, seconds: coldSeconds, cpuSeconds } = site.coldBuild;
  const coldRate = builtPages / coldSeconds;
  return [
    figure("drain.all.events", rate("all"), "events/s"),
    figure("drain.one.events", rate("one"), "events/s"),
    figure("drain.two.events", rate("two"), "events/s"),
    figure("drain.two.ratio", rate("two") / rate("one"), "× one", { atLeast: 1.6 }),
    figure(
      "drain.written",
      of("all", ({ works }) => sumOf(works, (work) => work.written)),
      "pages",
    ),
    figure("drain.pages", of("all", pagesRate), "pages/s"),
    figure("drain.cpu", of("all", cpuMs), "ms/page"),
    figure("drain.fanOut.pages", of("fanOut", pagesRate), "pages/s"),
    figure("drain.fanOut.cpu", of("fanOut", cpuMs), "ms/page"),
    figure("drain.build.pages", coldRate, "pages/s"),
    figure("drain.build.cpu", (cpuSeconds * 1000) / builtPages, "ms/page"),
    figure("drain.ofBuild", of("fanOut", pagesRate) / coldRate, "× cold build", { atLeast: 0.6 }),
    figure(
      "drain.amplification",
      of("all", ({ works }) => sumOf(works, (work) => work.rendered) / sumOf(works, (work) => work.written)),
      "rendered/written",
    ),
    othersFigure(
      "drain",
      [...(drains["all"] ?? []), ...drains["fanOut"]].flatMap(({ works }) => works),
    ),
  ];
};
