import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { build, rekiln, Running } from "../support/cli.ts";
import { fetchAnew } from "../support/fetch-anew.ts";
import { itemSite, itemsOf } from "./item-site.ts";

test("a worker tells Prometheus what it does, while it does it", async () => {
  const site = itemSite(itemsOf(3));
  await build(site.folder);
  const running = new Running(site.folder, ["work", "--metrics-port", "0"]);
  const [url] = await running.said(/http:\/\/127\.0\.0\.1:\d+\/metrics/);
  const text = async (): Promise<string> => (await fetchAnew(url)).text();
  expect(await text()).toContain('rekiln_queue_waiting{lane="live"} 0');
  expect(await text()).not.toContain("rekiln_pages_total{");

  site.records("item", [{ id: "i0", title: "Another" }, ...itemsOf(3).slice(1)]);
  expect((await rekiln(site.folder, "publish", "item:i0")).code).toBe(0);
  // Item 0, and the list that shows its title.
  await expect.poll(text, { timeout: 20_000 }).toContain('rekiln_pages_total{outcome="written",reason="changed"} 2');
  // It counts once the pages are on the disk, which may have much else to write.
  await expect.poll(text, { timeout: 60_000 }).toContain("rekiln_event_to_page_seconds_count 1");
  running.kill("SIGINT");
  expect((await running.ended).code).toBe(0);
  await expect(fetchAnew(url)).rejects.toThrow();
});

test("a port that is taken is said before anything is done", async () => {
  const site = itemSite(itemsOf(1));
  await build(site.folder);
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const { code, stdout, stderr } = await rekiln(site.folder, "work", "--until-empty", "--metrics-port", String(port));
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`Port ${port} of 127.0.0.1 is already in use.`);
});
