import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { ITEM, itemSite, itemsOf } from "./item-site.ts";

test(
  "a page that never ends fails after the time limit, and its siblings are written",
  { timeout: 60_000 },
  async () => {
    const loop = '<% while (it.item.id === "i3") { %><% } %>\n';
    const site = itemSite(itemsOf(20), `${ITEM}${loop}`);

    const built = await build(site.folder);

    expect(built).toMatchObject({ exitCode: 1, failed: 1, wrote: 20, pages: 20 });
    expect(built.errors[0]).toMatch(/^item\/i3.* 10 s/);
    expect(site.filesButSitemaps()).toHaveLength(20);

    site.edit("templates/item.eta", loop, "");
    expect(await build(site.folder)).toMatchObject({ exitCode: 0, failed: 0, wrote: 1 });
  },
);
