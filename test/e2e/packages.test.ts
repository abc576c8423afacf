import { join } from "node:path";

import { expect, test } from "vitest";

import { htmlFilesBelow, validateHtml } from "../../scripts/validate-html.ts";
import { build } from "../support/cli.ts";
import { deadLinks } from "../support/dead-links.ts";
import { packageSite } from "./package-site.ts";

test(
  "the package catalogue builds into valid, accessible pages whose links all lead somewhere",
  { timeout: 120_000 },
  async () => {
    const site = packageSite();

    const built = await build(site.folder);

    expect(built).toMatchObject({ exitCode: 0, failed: 0, errors: [], collided: {} });
    expect(built.pages).toBeGreaterThan(500);
    const { dead, links } = deadLinks(site, "https://packages.example", ["search/", "packages/"]);
    expect(dead).toEqual([]);
    expect(links).toBeGreaterThan(5000);

    const pages = await htmlFilesBelow(join(site.folder, "dist"));
    const problems = await validateHtml(pages);
    expect(problems.map(({ file, line, rule, message }) => `${file}:${line} ${rule}: ${message}`)).toEqual([]);

    expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0, pressed: 0 });
  },
);
