import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import type { PageOutcome } from "../../../src/core/outcome.ts";
import type { LaneDepth } from "../../../src/queue/queue.ts";
import { openMetrics } from "../../../src/system/metrics.ts";
import { serveMetrics } from "../../../src/system/metrics-server.ts";

const key = pageKey("film", "1", 1);
const empty: LaneDepth = { waiting: 0, delayed: 0, inFlight: 0, dead: 0, oldestAgeSeconds: undefined };

/** A queue of which only the depth is asked, and how often it was. */
class Depths {
  live: LaneDepth = empty;
  asked = 0;
  isBroken = false;

  readonly depth = async () => {
    this.asked++;
    if (this.isBroken) throw new Error("the disk is gone");
    return { live: this.live, bulk: empty };
  };
}

const linesOf = async (metrics: { text(): Promise<string> }): Promise<readonly string[]> =>
  (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("pages are counted by outcome and reason, retries and render time added up, latencies put into buckets", async () => {
  const metrics = await openMetrics(new Depths(), () => 0);
  const written: PageOutcome = { kind: "written", reason: "changed", key, path: "/", bytes: 1 };
  metrics.pages([written, written, { kind: "unchanged", reason: "equal", key }]);
  metrics.pages([{ kind: "failed", key, error: "no", isTemplateBroken: false }]);
  metrics.retry();
  metrics.renderMs(1500);
  metrics.renderMs(500);
  metrics.latency(0.2);
  metrics.latency(3);
  // A clock that was set back.
  metrics.latency(-5);
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'rekiln_pages_total{outcome="written",reason="changed"} 2',
      'rekiln_pages_total{outcome="unchanged",reason="equal"} 1',
      'rekiln_pages_total{outcome="failed",reason=""} 1',
      "rekiln_retries_total 1",
      "rekiln_render_seconds_total 2",
      'rekiln_event_to_page_seconds_bucket{le="0.25"} 2',
      'rekiln_event_to_page_seconds_bucket{le="5"} 3',
      "rekiln_event_to_page_seconds_count 3",
    ]),
  );
});

test("the queue's depth is read when it is asked for, once a scrape", async () => {
  const queue = new Depths();
  let now = 0;
  const metrics = await openMetrics(queue, () => now);
  queue.live = { waiting: 3, delayed: 2, inFlight: 1, dead: 4, oldestAgeSeconds: 17 };
  expect(queue.asked).toBe(0);
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'rekiln_queue_waiting{lane="live"} 3',
      'rekiln_queue_delayed{lane="live"} 2',
      'rekiln_queue_in_flight{lane="live"} 1',
      'rekiln_queue_dead{lane="live"} 4',
      'rekiln_queue_oldest_age_seconds{lane="live"} 17',
      'rekiln_queue_oldest_age_seconds{lane="bulk"} 0',
    ]),
  );
  expect(queue.asked).toBe(1);
  queue.live = empty;
  now = 1000;
  expect(await linesOf(metrics)).toContain('rekiln_queue_waiting{lane="live"} 0');
});

test("a depth that can't be read isn't said, and the rest is", async () => {
  const queue = new Depths();
  let now = 0;
  const metrics = await openMetrics(queue, () => now);
  await metrics.text();
  queue.isBroken = true;
  now = 1000;
  const lines = await linesOf(metrics);
  expect(lines.filter((line) => line.startsWith("rekiln_queue"))).toEqual([]);
  expect(lines).toContain("rekiln_retries_total 0");
});

test("two sets of metrics know nothing of each other", async () => {
  const [one, other] = await Promise.all([openMetrics(new Depths(), () => 0), openMetrics(new Depths(), () => 0)]);
  one.retry();
  expect(await linesOf(other)).toContain("rekiln_retries_total 0");
});

/** Metrics that are served, until the test ends. */
async function served(text: () => Promise<string>): Promise<string> {
  const server = await serveMetrics({ contentType: "text/plain; version=0.0.4", text }, 0);
  onTestFinished(async () => server[Symbol.asyncDispose]());
  return server.url;
}

test("the metrics are served at /metrics, to be read only", async () => {
  const url = await served(async () => "one 1\n");
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const got = await fetch(url);
  expect([got.status, await got.text(), got.headers.get("content-type")]).toEqual([
    200,
    "one 1\n",
    "text/plain; version=0.0.4",
  ]);
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, await head.text(), head.headers.get("content-length")]).toEqual([200, "", "6"]);
  expect((await fetch(`${url}?x=1`)).status).toBe(200);
  const post = await fetch(url, { method: "POST", body: "x" });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect((await fetch(url.replace("/metrics", "/"))).status).toBe(404);
  expect((await fetch(`${url}/more`)).status).toBe(404);
});

test("a page of another site that leads its own name here reads nothing", async () => {
  const { port } = new URL(await served(async () => "one 1\n"));
  const socket = connect(Number(port), "127.0.0.1");
  socket.end("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
  await once(socket, "close");
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  expect(answer).not.toContain("one 1");
});

test("what can't be read is an error that tells nothing more", async () => {
  const url = await served(async () => {
    throw new Error("a secret path");
  });
  const got = await fetch(url);
  expect(got.status).toBe(500);
  expect(await got.text()).not.toContain("secret");
});

test("a port that is taken is an error that says what to do", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  await expect(serveMetrics({ contentType: "text/plain", text: async () => "" }, port)).rejects.toMatchObject({
    code: "port-taken",
    message: expect.stringContaining(String(port)),
    hint: expect.any(String),
  });
});
