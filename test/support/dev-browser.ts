import { onTestFinished } from "vitest";

import { Running } from "./cli.ts";
import { fetchAnew } from "./fetch-anew.ts";

/** A site in development, and a browser that loads a page whenever it is told to. */
export class DevBrowser {
  readonly running: Running;
  readonly url: string;
  #events: ReadableStreamDefaultReader<string> | undefined;

  private constructor(running: Running, url: string) {
    this.running = running;
    this.url = url;
  }

  /** Starts `rekiln dev`, and waits until it follows the files and listens for changes. */
  static async start(folder: string, ...args: readonly string[]): Promise<DevBrowser> {
    const running = new Running(folder, ["dev", "--port", "0", ...args]);
    const [, url = ""] = await running.said(/at (http:\S+\/)/);
    await running.said(/Ready/);
    const browser = new DevBrowser(running, url);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const { body } = await fetchAnew(`${url}__rekiln/events?since=0`, { signal: stop.signal });
    browser.#events = body?.pipeThrough(new TextDecoderStream()).getReader();
    return browser;
  }

  async load(path: string): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
    const response = await fetchAnew(new URL(path, this.url), { redirect: "manual" });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** Loads a page now, and again each time that it is told to, until it matches. */
  async sees(path: string, pattern: RegExp): Promise<string> {
    for (;;) {
      const { text } = await this.load(path);
      if (pattern.test(text)) return text;
      const event = await this.#events?.read();
      if (event?.value === undefined)
        throw new Error(`rekiln dev ended its events before ${path} was ${String(pattern)}`);
    }
  }
}
