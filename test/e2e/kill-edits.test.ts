import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { filmSite } from "./film-site.ts";
import { after, before, cleanPages, killAndFinish, Killer, KILLS, killsIn } from "./kill-site.ts";

test.each([
  { name: "after an edit", args: [] },
  { name: "that is forced", args: ["--force"] },
])(
  "a build $name that is killed is finished by the next one",
  { timeout: 60_000 + KILLS * 40_000 },
  async ({ args }) => {
    const site = filmSite(before);
    await build(site.folder);
    const states = [{ films: before, expected: site.pages() }];
    site.records("film", after);
    states.push({ films: after, expected: await cleanPages(site) });
    const { seconds } = await build(site.folder, ...args);

    const killer = new Killer(seconds);
    let killed = 0;
    for (let round = 0; round < 2 * KILLS && killed < KILLS; round++) {
      const { films, expected } = states[round % 2] ?? { films: before, expected: new Map<string, string>() };
      site.records("film", films);
      killed += await killAndFinish(killer, site, args, killsIn(round), expected);
    }
    expect(killed).toBeGreaterThanOrEqual(KILLS);
  },
);
