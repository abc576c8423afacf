/**
 * A process that edits the films of the site in the current folder: edits `from` to `to` of the history of a site with `films` films, a
 * few at a time. What it has said is done is stored for good, with its events.
 *
 *   node write-films.ts FILMS FROM TO PAUSE_MS
 */
import { setTimeout } from "node:timers/promises";

import { EmbeddedSource } from "../../src/source/embedded-source.ts";
import { SiteWriter } from "../../src/system/site-writer.ts";
import { asEdit, editOf } from "./film-edits.ts";

const BATCH_MAX = 20;

const [films = 0, from = 0, to = 0, pauseMs = 0] = process.argv.slice(2).map(Number);
using site = await SiteWriter.open("rekiln.config.ts", { ...process.env });
const { source } = site;
if (!(source instanceof EmbeddedSource)) throw new Error("this site's source can't be written");
for (let place = from; place < to;) {
  const count = Math.min(to - place, 1 + Math.floor(Math.random() * BATCH_MAX));
  await source.apply(Array.from({ length: count }, (_, index) => asEdit(editOf(place + index, films))));
  place += count;
  // The events are in the outbox now: whether it can send them itself or not.
  process.stdout.write(`done ${place}\n`);
  await site.relay();
  await setTimeout(Math.random() * 2 * pauseMs);
}
