import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { findViolations } from "../support/architecture.ts";
import type { SourceFile } from "../support/architecture.ts";

const ROOT = join(import.meta.dirname, "../..");

function projectFiles(): readonly SourceFile[] {
  return globSync(["src/**/*.ts", "workers/**/*.ts"], { cwd: ROOT }).map((path) => ({
    path: path.replaceAll("\\", "/"),
    text: readFileSync(join(ROOT, path), "utf8"),
  }));
}

const rulesOf = (path: string, text: string): readonly string[] =>
  findViolations([{ path, text }]).map(({ rule }) => rule);
const from = (specifier: string): string => `import { x } from "${specifier}";`;

test("every file of src/ and workers/ imports only what its place allows", () => {
  const files = projectFiles();
  expect(files.length).toBeGreaterThan(100);
  expect(findViolations(files)).toEqual([]);
});

describe("an import is reported", () => {
  test.each([
    ["src/core/page.ts", "../site/path.ts", "no arrow leads from core to site"],
    ["src/core/page.ts", "../press/build.ts", "no arrow leads from core to press"],
    ["src/store/directory.ts", "../manifest/manifest.ts", "no arrow leads from store to manifest"],
    ["src/source/source.ts", "../site/site.ts", "no arrow leads from source to site"],
    ["src/render/renderer.ts", "../press/assets.ts", "no arrow leads from render to press"],
    ["src/queue/queue.ts", "../source/source.ts", "no arrow leads from queue to source"],
    ["src/press/build.ts", "../system/site-state.ts", "no arrow leads from press to system"],
    ["src/press/build.ts", "../serve/respond.ts", "no arrow leads from press to serve"],
    ["src/serve/respond.ts", "../console/console.ts", "no arrow leads from serve to console"],
    ["src/console/console.ts", "../system/site-state.ts", "no arrow leads from console to system"],
    ["src/system/run-build.ts", "../cli/exit.ts", "no arrow leads from system to cli"],
    ["src/cli/main.ts", "../../workers/render-thread.ts", "src imports nothing from outside of it"],
    ["src/press/build.ts", "../source/files-source.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../source/embedded-source.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../source/postgres-source.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../source/entity-reader.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../store/directory.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../store/s3-object-store.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../queue/sqs-queue.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../manifest/sqlite-manifest.ts", "press imports ports, never adapters"],
    ["src/press/build.ts", "../render/eta-renderer.ts", "press imports ports, never adapters"],
    ["src/site/load-config.ts", "../../templates/packages/rekiln.config.ts", "src imports nothing from outside of it"],
    ["src/cli/build.ts", "../../scripts/demo.ts", "src imports nothing from outside of it"],
    ["src/core/page.ts", "../../test/support/architecture.ts", "src imports nothing from outside of it"],
    ["src/press/build.ts", "../index.ts", "nothing imports the public API from within"],
    ["src/util/strings.ts", "../core/page.ts", "the house has no util/"],
    ["src/cli/main.ts", "../helper/strings.ts", "the house has no helper/"],
    ["workers/drain.ts", "../src/index.ts", "nothing imports the public API from within"],
    ["workers/drain.ts", "../scripts/demo.ts", "the house has no scripts/"],
  ])("from %s to %s: %s", (path, specifier, rule) => {
    expect(rulesOf(path, from(specifier))).toEqual([rule]);
  });

  test.each([
    ["src/press/build.ts", "eta"],
    ["src/cli/main.ts", "eta/core"],
    ["src/system/run-build.ts", "commander"],
    ["src/press/build.ts", "pino"],
    ["src/system/metrics-server.ts", "prom-client"],
    ["src/press/build.ts", "zod"],
    ["src/source/parse-record.ts", "zod/v4"],
    ["src/store/directory.ts", "node:sqlite"],
    ["src/system/site-state.ts", "node:sqlite"],
    ["src/press/build.ts", "@standard-schema/spec"],
    ["src/system/open-store.ts", "@aws-sdk/client-s3"],
    ["src/store/s3-object-store.ts", "undici"],
    ["src/system/open-queue.ts", "@aws-sdk/client-sqs"],
    ["src/system/open-source.ts", "pg"],
  ])("from %s of %s, which has its own place", (path, name) => {
    expect(rulesOf(path, from(name))).toEqual([`${name} isn't imported here`]);
  });

  test.each(["lodash", "rekiln", "@aws-sdk/client-dynamodb"])("of %s, which has no place yet", (name) => {
    expect(rulesOf("src/press/build.ts", from(name))).toEqual([`${name} has no place in the house`]);
  });

  test.each(["node:fs", "node:fs/promises", "node:path", "node:sqlite", "zod", "p-limit"])(
    "from core of %s",
    (name) => {
      expect(rulesOf("src/core/page.ts", from(name))).toEqual(["core imports nothing but node:crypto"]);
    },
  );

  const WRONG = "../press/build.ts";
  test.each([
    ["a type", `import type { X } from "${WRONG}";`],
    ["one type among others", `import { type X } from "${WRONG}";`],
    ["for its effects", `import "${WRONG}";`],
    ["all of it", `import * as x from "${WRONG}";`],
    ["and exported again", `export { x } from "${WRONG}";`],
    ["and exported again as a type", `export type { X } from "${WRONG}";`],
    ["and exported again with all it has", `export * from "${WRONG}";`],
    ["when it is needed", `export const x = async () => import("${WRONG}");`],
    ["within a type", `export type X = import("${WRONG}").X;`],
    ["with attributes", `import x from "${WRONG}" with { type: "json" };`],
  ])("when it is %s", (_, text) => {
    expect(rulesOf("src/core/page.ts", text)).toEqual(["no arrow leads from core to press"]);
  });
});

describe("an import is allowed", () => {
  test.each([
    ["workers/render-thread.ts", "../src/system/press-thread.ts"],
    ["workers/render-thread.ts", "../src/core/page.ts"],
    ["workers/container.ts", "../src/cli/rekiln.ts"],
    ["src/cli/main.ts", "../serve/listen-error.ts"],
    ["src/cli/main.ts", "../core/errors.ts"],
    ["src/system/run-build.ts", "../source/files-source.ts"],
    ["src/serve/respond.ts", "../press/build.ts"],
    ["src/press/build.ts", "../manifest/manifest.ts"],
    ["src/press/build.ts", "./expand.ts"],
    ["src/source/files-source.ts", "./entity-reader.ts"],
    ["src/core/page.ts", "./read.ts"],
    ["src/core/digest.ts", "node:crypto"],
    ["src/core/read.ts", "@standard-schema/spec"],
    ["src/press/static-files.ts", "node:fs"],
    ["src/render/eta-renderer.ts", "eta/core"],
    ["src/press/site-record.ts", "zod"],
    ["src/system/process-lock.ts", "node:sqlite"],
    ["src/index.ts", "./site/slug.ts"],
  ])("from %s of %s", (path, specifier) => {
    expect(rulesOf(path, `export { x } from "${specifier}";`)).toEqual([]);
  });

  test("when it is a thread's, started by URL", () => {
    const text = 'new Worker(new URL("../../workers/render-thread.js", import.meta.url));';
    expect(rulesOf("src/system/thread-pool.ts", text)).toEqual([]);
  });
});

describe("src/index.ts", () => {
  test.each([
    "import { x } from './core/page.ts';",
    "export const x = 1;",
    "const x = 1;",
    "export default 1;",
    "run();",
  ])("only exports, so that `%s` is reported", (text) => {
    expect(rulesOf("src/index.ts", text)).toEqual(["src/index.ts only exports"]);
  });

  test("may export what others declare, types too", () => {
    const text =
      'export { x } from "./core/page.ts"; export type { X } from "./core/read.ts"; export * from "./site/slug.ts";';
    expect(rulesOf("src/index.ts", text)).toEqual([]);
  });
});

test("a file that can't be parsed is an error that names it", () => {
  expect(() => findViolations([{ path: "src/core/broken.ts", text: "import {" }])).toThrow("src/core/broken.ts");
});
