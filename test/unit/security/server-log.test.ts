import { Writable } from "node:stream";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { serverLog } from "../../../src/cli/server-log.ts";

function startLog() {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: serverLog(stream), lines };
}

test("a line is JSON without a control character, whatever is logged", () => {
  const { log, lines } = startLog();
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (host, message) => {
      log.warn({ host }, message);
      const line = lines.at(-1) ?? "";
      expect(line.endsWith("\n")).toBe(true);
      // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/);
      expect(() => JSON.parse(line) as unknown).not.toThrow();
    }),
    { examples: [['a\r\n{"level":60}', "\u001b[31mred\u0007"]] },
  );
});

test("a line has a bounded length, and nothing that is named like a secret", () => {
  const { log, lines } = startLog();
  log.warn(
    { host: "x".repeat(1_000_000), headers: { Cookie: "canary-1", authorization: "canary-2" }, apiToken: "canary-3" },
    "y".repeat(1_000_000),
  );
  log.error({ err: Object.assign(new Error("z".repeat(1_000_000)), { password: "canary-4" }) }, "failed");
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line.length).toBeLessThan(10_000);
    expect(line).not.toContain("canary");
  }
  expect(lines[1]).toContain('"message":"zzz');
});
