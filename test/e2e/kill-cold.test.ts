import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { filmSite } from "./film-site.ts";
import { before, killAndFinish, Killer, KILLS, killsIn } from "./kill-site.ts";

test(
  "a first build that is killed is finished by the next one, to the byte",
  { timeout: 60_000 + KILLS * 40_000 },
  async () => {
    const site = filmSite(before);
    const { seconds } = await build(site.folder);
    const expected = site.pages();
    const killer = new Killer(seconds);
    let killed = 0;
    for (let round = 0; round < 2 * KILLS && killed < KILLS; round++) {
      site.remove("dist");
      site.remove(".rekiln");
      killed += await killAndFinish(killer, site, [], killsIn(round), expected);
    }
    expect(killed).toBeGreaterThanOrEqual(KILLS);
  },
);
