import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

import type * as LoadConfig from "../../../src/site/load-config.ts";
import type * as RenderPage from "../../../src/press/render-page.ts";
import type * as EtaRenderer from "../../../src/render/eta-renderer.ts";
import type * as TemplateSet from "../../../src/render/template-set.ts";
import type * as StaticFiles from "../../../src/press/static-files.ts";
import type * as FilesSourceModule from "../../../src/source/files-source.ts";
import type * as Path from "../../../src/site/path.ts";
import type * as Page from "../../../src/core/page.ts";
import { XSS_PAYLOADS } from "../../support/xss-payloads.ts";
import { runsOf } from "../../support/runs.ts";
import { attributeValues, domShape } from "./dom-shape.ts";
import { expectHarmlessUrl } from "./harmless-url.ts";
import { hostileSnapshot } from "./hostile-snapshot.ts";
import { hostileText } from "./hostile-text.ts";

const TEMPLATES = fileURLToPath(new URL("../../../templates/", import.meta.url.split("?")[0]));
const STARTERS = readdirSync(TEMPLATES).filter((name) => existsSync(join(TEMPLATES, name, "rekiln.config.ts")));
/** Fields whose text is Markdown by starter: it shapes the page on purpose, and has a test of its own. */
const MARKDOWN: Readonly<Record<string, readonly string[]>> = { starter: ["text"] };
const ADDRESSES = ["href", "src", "action", "poster", "xlink:href"];

/** The compiled rekiln: it is what a starter's config imports, and what that makes is known by identity. */
const compiled = (module: string): string =>
  new URL(`../../../lib/src/${module}.js`, import.meta.url.split("?")[0]).href;

async function openStarter(name: string) {
  // What is compiled has the types of its source.
  const [
    { loadConfig },
    { renderPage },
    { createEtaRenderer },
    { readTemplates },
    { readAssets },
    { FilesSource },
    { parsePath },
    { pageKey },
  ] = (await Promise.all(
    [
      "site/load-config",
      "press/render-page",
      "render/eta-renderer",
      "render/template-set",
      "press/static-files",
      "source/files-source",
      "site/path",
      "core/page",
    ].map(async (module) => import(compiled(module)) as Promise<unknown>),
  )) as [
    typeof LoadConfig,
    typeof RenderPage,
    typeof EtaRenderer,
    typeof TemplateSet,
    typeof StaticFiles,
    typeof FilesSourceModule,
    typeof Path,
    typeof Page,
  ];
  const folder = join(TEMPLATES, name);
  const { site } = await loadConfig(join(folder, "rekiln.config.ts"), {});
  const state = mkdtempSync(join(tmpdir(), "rekiln-starter-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const data = join(folder, "data");
  const source = new FilesSource({
    dir: data,
    name: "data",
    mirror: join(state, "e.db"),
    models: site.entities,
    fingerprint: "1",
    firstVersion: 0,
  });
  onTestFinished(() => source[Symbol.dispose]());
  await source.refresh(() => undefined, new AbortController().signal);
  const reader = source.reader();
  onTestFinished(() => reader[Symbol.dispose]());
  const snapshot = reader.snapshot();
  // Whatever the data, each page has a path: what is tested is what stands on it.
  const routes = new Map(
    [...site.routes].map(([route, model]) => {
      const path: typeof model.path = (subject) => {
        const given = model.path(subject);
        return given !== null && parsePath(given).ok ? given : "/refused/";
      };
      // Nor is it the sitemap's dates.
      return [route, { ...model, path, updated: () => undefined }];
    }),
  );
  const { assets } = await readAssets(join(folder, "static"));
  const context = {
    site: { ...site, routes },
    renderer: createEtaRenderer(readTemplates(join(folder, "templates"))),
    assets,
    useAsset: () => undefined,
  };
  const formatOf = (route: string): string => {
    const template = site.routes.get(route)?.template;
    return template?.kind === "json"
      ? "json"
      : template?.kind === "eta" && template.name.endsWith(".xml")
        ? "xml"
        : "html";
  };
  const render = async (route: string, text: string) => {
    const each = site.routes.get(route)?.each.kind;
    const rendered = await renderPage(
      context,
      pageKey(route, each === "one" ? undefined : text, 1),
      hostileSnapshot(snapshot, text, MARKDOWN[name]),
      1_700_000_000,
    );
    if (rendered.kind !== "page") throw new Error(rendered.kind === "failed" ? rendered.error : `${route} is no page`);
    return { content: rendered.content, format: formatOf(route) };
  };
  return { routes: [...routes.keys()], render };
}

/** The tags of an XML document with the names of their attributes; fails for what isn't well-formed. */
function xmlShape(text: string): string {
  let shape = "";
  let rest = text;
  while (rest !== "") {
    const [whole, tag, attributes = ""] =
      /^(?:[^<&]|&(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)+|^<([?/]?[\w:-]+)((?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*[/?]?>/i.exec(
        rest,
      ) ?? [];
    if (whole === undefined) throw new Error(`not well-formed: ${rest.slice(0, 80)}`);
    if (tag !== undefined)
      shape += `<${tag} ${[...attributes.matchAll(/([\w:-]+)\s*=\s*(?:"[^"]*"|'[^']*')/g)].map(([, name]) => name).join(" ")}>`;
    rest = rest.slice(whole.length);
  }
  return shape;
}

function shapeOf({ content, format }: { readonly content: string; readonly format: string }): string {
  if (format === "html") return domShape(content);
  if (format === "json") return typeof JSON.parse(content);
  return xmlShape(content);
}

test("the corpus has 200 payloads", () => {
  expect(new Set(XSS_PAYLOADS).size).toBeGreaterThanOrEqual(200);
});

test.each(STARTERS)(
  "no text in the data changes the shape of a page of %s, in any slot of any template",
  { timeout: 600_000 },
  async (name) => {
    const { routes, render } = await openStarter(name);
    const expected = new Map<string, string>();
    for (const route of routes) expected.set(route, shapeOf(await render(route, "x")));
    const check = async (route: string, text: string): Promise<void> => {
      // An empty text may be none: a template asks whether there is one.
      if (text.trim() === "") return;
      const page = await render(route, text);
      expect(shapeOf(page), route).toBe(expected.get(route));
      if (page.format !== "html") return;
      for (const attribute of ADDRESSES)
        for (const url of attributeValues(page.content, attribute)) expectHarmlessUrl(url);
    };
    for (const payload of XSS_PAYLOADS) {
      for (const route of routes.filter((_, index) => (index + payload.length) % 4 === 0)) await check(route, payload);
    }
    await fc.assert(fc.asyncProperty(fc.constantFrom(...routes), hostileText, check), { numRuns: runsOf(2_000) });
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);
