import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { carrier } from "../../src/core/stamp.ts";
import { liveFiles } from "./live-files.ts";

/**
 * Damages a store in five ways, `each` times each: bytes that differ, missing pages, orphans, files of somebody else, and temporary files of a
 * process that died. @returns what was done, as `kind where`
 */
export function plantCorruptions(store: string, each: number, step: number): ReadonlySet<string> {
  const planted = new Set<string>();
  const pages = [...liveFiles(store)].flatMap(([name, { key }]) => (/^[a-z]+\//.test(key) ? [name] : []));
  const at = (place: number): string => {
    const name = pages[place * step];
    if (name === undefined) throw new Error("there are too few pages");
    return name;
  };
  for (let one = 0; one < each; one++) {
    const differs = at(2 * one);
    writeFileSync(join(store, differs), readFileSync(join(store, differs), "utf8").replace("<", "< "));
    planted.add(`differs ${differs}`);
    const missing = at(2 * one + 1);
    rmSync(join(store, missing));
    planted.add(`missing ${missing}`);
    const write = (kind: string, name: string, text: string): void => {
      mkdirSync(dirname(join(store, name)), { recursive: true });
      writeFileSync(join(store, name), text);
      planted.add(`${kind} ${name}`);
    };
    const stamp = { epoch: 1, version: 1, time: 0 };
    write("orphan", `planted/orphan-${one}/index.html`, `<p>old</p>${carrier("html", stamp, `film/gone-${one}`)}`);
    write("foreign", `planted/foreign-${one}.html`, "<p>mine</p>");
    // No process has this number.
    const temporary = `99999999-planted-${one}`;
    writeFileSync(join(store, ".rekiln/tmp", temporary), "half a page");
    planted.add(`temporary ${temporary}`);
  }
  return planted;
}
