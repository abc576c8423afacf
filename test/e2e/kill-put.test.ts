import { expect, test } from "vitest";

import { Running } from "../support/cli.ts";
import { embeddedSite, queued, storedIds, waiting } from "./embedded-site.ts";

const PUTS = 24;

test(
  "a put that is killed at any moment is stored with its event, or not at all; what it acknowledged is stored",
  { timeout: 120_000 },
  async () => {
    const site = embeddedSite();
    const first = await new Running(site.folder, ["put", "film:first"], '{"title":"x"}').ended;
    expect(first.code).toBe(0);
    const acknowledged: string[] = ["first"];
    let killed = 0;
    for (let number = 0; number < PUTS; number++) {
      const id = String(number);
      const running = new Running(site.folder, ["put", `film:${id}`], '{"title":"x"}');
      // The later part of its life, in which it writes; every fourth is killed as soon as it has said that it is done.
      const delayMs = first.seconds * 1000 * (0.35 + 0.5 * ((number * 0.618) % 1));
      if (number % 4 === 0)
        void running.said(/inserted/).then(
          () => running.kill("SIGKILL"),
          () => undefined,
        );
      else setTimeout(() => running.kill("SIGKILL"), delayMs);
      const { signal, stdout } = await running.ended;
      if (signal === "SIGKILL") killed++;
      if (stdout.includes("inserted")) acknowledged.push(id);
    }
    expect(killed).toBeGreaterThan(PUTS / 4);

    const stored = storedIds(site);
    const told = new Set([...queued(site).map(({ id }) => `film:${id}`), ...waiting(site)]);
    expect(stored).toEqual(expect.arrayContaining(acknowledged));
    expect(stored.filter((id) => !told.has(`film:${id}`))).toEqual([]);
    // And nothing is told of that isn't there.
    expect([...told].filter((name) => !stored.includes(name.slice("film:".length)))).toEqual([]);

    // What waited is sent by the next one.
    const last = await new Running(site.folder, ["put", "film:last"], '{"title":"x"}').ended;
    expect(last.code).toBe(0);
    expect(waiting(site)).toEqual([]);
    const sent = new Set(queued(site).map(({ id }) => id));
    expect(storedIds(site).filter((id) => !sent.has(id))).toEqual([]);
  },
);
