import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { BenchPart } from "./bench-part.ts";
import { CLI } from "./embedded-site.ts";
import { figure } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { median } from "./median.ts";
import { writeScaleData } from "./scale-data.ts";

const SITE = dirname(fileURLToPath(new URL("scale-site/rekiln.config.ts", import.meta.url)));
const ENTITIES = 100_000;
const SAVES = 25;
const PAUSE_MS = 150;
const GOAL = { below: 200 };

/** A browser, as far as reloading goes: it hears of a change, and asks for its page. */
class Browser {
  readonly #origin: string;
  readonly #page: string;
  #events: ReadableStreamDefaultReader<string> | undefined;

  constructor(origin: string, page: string) {
    this.#origin = origin;
    this.#page = page;
  }

  async load(): Promise<string> {
    // A connection that was kept may be closed at this moment.
    return (await fetch(this.#origin + this.#page, { headers: { Connection: "close" } })).text();
  }

  async listen(): Promise<void> {
    const revision = /data-revision="(\d+)"/.exec(await this.load())?.[1] ?? "";
    const { body } = await fetch(`${this.#origin}/__rekiln/events?since=${revision}`);
    this.#events = body?.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Loads the page after each change, until it shows `text`. */
  async sees(text: string): Promise<void> {
    for (;;) {
      const event = await this.#events?.read();
      if (event?.value === undefined) throw new Error("rekiln dev ended its events");
      if (event.value.includes("revision") && (await this.load()).includes(text)) return;
    }
  }
}

/** From saving a file until a browser has the page that it changes: a record of the data, and a template. */
export const devPart: BenchPart = async ({ folder, pages, say }) => {
  const dir = join(folder, "site");
  cpSync(SITE, dir, { recursive: true });
  const entities = Math.min(ENTITIES, pages ?? ENTITIES);
  await writeScaleData(join(dir, "data"), entities);
  const started = performance.now();
  const child = spawn(process.execPath, [CLI, "dev", "--port", "0"], {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const stop = (): void => void child.kill();
  process.once("exit", stop);
  try {
    const origin = await said(child, /at (http:\/\/[^/]+)\//);
    await said(child, /Ready/);
    const ready = (performance.now() - started) / 1000;
    say(`${entities} entities taken in, ${ready.toFixed(2)} s`);
    // What edits are compared with is read behind that.
    await setTimeout(2000);
    const number = Math.floor(entities / 2);
    const browser = new Browser(origin, `/products/product-${number}/`);
    await browser.listen();
    const data = join(dir, "data/product.ndjson");
    const text = readFileSync(data, "utf8");
    const template = join(dir, "templates/product.eta");
    const markup = readFileSync(template, "utf8");
    const saves = async (file: string, textOf: (save: number) => string, seen: (save: number) => string) => {
      const times: number[] = [];
      for (let save = 1; save <= SAVES; save++) {
        // As editors save: beside it, then in its place.
        writeFileSync(`${dir}.saved`, textOf(save));
        await setTimeout(PAUSE_MS);
        const since = performance.now();
        renameSync(`${dir}.saved`, file);
        await browser.sees(seen(save));
        times.push(performance.now() - since);
      }
      return times;
    };
    const name = `"name":"Product ${number}"`;
    const record = await saves(
      data,
      (save) => text.replace(name, `"name":"Saved ${save}."`),
      (save) => `<h1>Saved ${save}.</h1>`,
    );
    const look = await saves(
      template,
      (save) => `${markup}<p>look ${save}.</p>\n`,
      (save) => `<p>look ${save}.</p>`,
    );
    return [figure("dev.ready", ready, "s"), ...figuresOf("record", record), ...figuresOf("template", look)];
  } catch (cause) {
    throw new Error(`${String(cause)}; rekiln dev said:\n${complaints}`, { cause });
  } finally {
    process.removeListener("exit", stop);
    child.kill();
    await once(child, "exit");
  }
};

function figuresOf(name: string, times: readonly number[]): readonly Figure[] {
  return [figure(`dev.${name}.p50`, median(times), "ms", GOAL), figure(`dev.${name}.max`, Math.max(...times), "ms")];
}

/** Waits until a process has printed something. */
async function said({ stdout }: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    text += String(chunk);
    const found = pattern.exec(text);
    if (found !== null) return found[1] ?? found[0];
  }
  throw new Error(`rekiln dev ended without saying ${String(pattern)}: ${text}`);
}
