import type { Asset, Assets } from "./assets.ts";
import { findAsset } from "./assets.ts";
import { isTwinKey } from "../core/encoding.ts";
import { messageOf, RekilnError } from "../core/errors.ts";
import { Html } from "../core/html.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Read } from "../core/read.ts";
import type { Edge } from "../manifest/manifest.ts";
import { jsonText } from "../core/json-template.ts";
import { TemplateError, templatePlace } from "../render/renderer.ts";
import type { Renderer } from "../render/renderer.ts";
import { ancestorKeys, encodePath, parsePath } from "../site/path.ts";
import type { PageProps } from "../site/route.ts";
import type { Site, TemplateModel } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { CheckedRead } from "./checked-read.ts";
import { locatePage } from "./locate-page.ts";
import type { Located } from "./locate-page.ts";
import { PageLinks } from "./page-links.ts";
import { PagePager, PagerReads } from "./page-pager.ts";
import { PageReader } from "./page-reader.ts";
import { PageRecorder } from "./page-recorder.ts";
import { isListed } from "./sitemap-names.ts";

const PAGE_BYTES_MAX = 5 << 20;
const RESERVED = ["site", "path", "link", "asset"];

/** What a page needs besides its snapshot. */
export interface RenderContext {
  readonly site: Site;
  readonly renderer: Renderer;
  readonly assets: Assets;
  /** Makes sure that an asset's copy with the hashed name is stored. */
  readonly useAsset: (file: string) => void;
}

export type Rendered =
  | {
      readonly kind: "page";
      readonly located: Located & { readonly kind: "page" };
      /** Without a stamp. */
      readonly content: string;
      readonly edges: readonly Edge[];
      /** On page 1, how many pages its subject has. */
      readonly pages: number;
      readonly time: number;
      readonly due: number | undefined;
      /** For the sitemap, if the page stands in one. */
      readonly lastmod: string | undefined;
    }
  | { readonly kind: "none" }
  | {
      readonly kind: "failed";
      readonly error: string;
      /** Its template can't be compiled. */
      readonly isTemplateBroken: boolean;
      /** What was thrown, as it was; undefined when it is known by its text only. */
      readonly thrown?: unknown;
      readonly located: (Located & { readonly kind: "page" }) | undefined;
      readonly edges: readonly Edge[];
      readonly due: number | undefined;
    };

/**
 * Renders one page from one snapshot. A page that fails is a value: it names template, line and page. What it reads
 * is recorded by `recorder`, which is new.
 */
export async function renderPage(
  context: RenderContext,
  key: PageKey,
  snapshot: Snapshot,
  nowSeconds: number,
  recorder = new PageRecorder(),
): Promise<Rendered> {
  let located: Located | undefined;
  const failed = (error: unknown, isTemplateBroken: boolean): Rendered => ({
    kind: "failed",
    error: describeFailure(error, key),
    thrown: error,
    isTemplateBroken,
    located: located?.kind === "page" ? located : undefined,
    edges: recorder.edges(),
    due: recorder.due,
  });
  try {
    const parts = parsePageKey(key);
    located = locatePage(context.site, parts, snapshot, recorder);
    if (located.kind === "none") return { kind: "none" };
    if (located.kind === "bad-path") throw new Error(`the path ${located.problem}`);
    if (context.site.compress.length > 0 && isTwinKey(located.key)) {
      throw new Error(`the path ${located.path} is kept for a precompressed twin: compress makes files of such names`);
    }
    recorder.claim(located.collisionKey, ancestorKeys(located.path));
    // Once it is mended its route is rendered whole: what `load` would read needn't be known.
    const [broken] = brokenBy(context.renderer, located.route.template);
    if (broken !== undefined) return failed(broken, true);
    const reader = new PageReader(snapshot, recorder, nowSeconds);
    const reads = pagerReadsOf(context.site, located, parts.number, snapshot, recorder, reader);
    const content = await contentOf(context, located, snapshot, recorder, reader, reads);
    if (content.length > PAGE_BYTES_MAX / 4 && Buffer.byteLength(content) > PAGE_BYTES_MAX) {
      throw new Error(`the page is larger than ${PAGE_BYTES_MAX >> 20} MB`);
    }
    // It reads of the page's subject, which is recorded like all reads.
    const lastmod = isListed(located.route, located.path) ? located.route.updated(located.subject) : undefined;
    const { time, due } = recorder;
    const pages = parts.number === 1 && reads !== undefined ? reads.countPages() : 1;
    return { kind: "page", located, content, edges: recorder.edges(), pages, time, due, lastmod };
  } catch (error) {
    return failed(error, false);
  }
}

function brokenBy(renderer: Renderer, template: TemplateModel): readonly TemplateError[] {
  return template.kind === "eta" ? renderer.brokenBy(template.name) : [];
}

function pagerReadsOf(
  site: Site,
  located: Located & { readonly kind: "page" },
  number: number,
  snapshot: Snapshot,
  recorder: PageRecorder,
  reader: PageReader,
): PagerReads | undefined {
  const { list } = located.route;
  if (list === undefined) return undefined;
  const path = number === 1 ? located.path : firstPathOf(located);
  return new PagerReads({ site, list, subject: located.subject, path, number, snapshot, recorder, reader });
}

async function contentOf(
  context: RenderContext,
  located: Located & { readonly kind: "page" },
  snapshot: Snapshot,
  recorder: PageRecorder,
  reader: PageReader,
  reads: PagerReads | undefined,
): Promise<string> {
  const { site, assets, useAsset } = context;
  const { route, subject, path } = located;
  const links = new PageLinks(site, snapshot, recorder);
  const pager = reads === undefined ? undefined : new PagePager(reads);
  // A `Read` of the site's own entity types; `route.load` was checked against them by the compiler.
  const read = new CheckedRead(reader, site.entities, route.name) as unknown as Read<never>;
  const data: unknown = route.load === undefined ? { subject, pager } : await route.load(read, subject, pager);
  if (typeof data !== "object" || data === null) {
    throw new TypeError(`load of route ${route.name} gave ${data === null ? "null" : typeof data}, not an object`);
  }
  if (route.template.kind === "json") return jsonText(data);
  const props: PageProps = {
    site: { url: site.url, base: site.base },
    path: encodePath(site.base, path),
    link: (name, target, page) => links.link(name, target, page),
    asset: (file) => {
      const asset = findAsset(assets, file);
      recorder.asset(asset.file);
      useAsset(asset.file);
      return addressOf(asset, site.base);
    },
  };
  const taken = RESERVED.find((name) => Object.hasOwn(data, name));
  if (taken !== undefined) {
    throw new TypeError(`load of route ${route.name} gave \`${taken}\`, a name that rekiln gives to every template`);
  }
  const all = { ...data, ...props };
  if (route.template.kind === "eta") return context.renderer.render(route.template.name, all);
  const html: unknown = await route.template.render(all);
  if (html instanceof Html) return html.html;
  throw new TypeError(`the template of route ${route.name} didn't return Html: use the html tag`);
}

/** Of assets that some page used: almost every page uses the same ones. */
const addresses = new WeakMap<Asset, string>();

function addressOf(asset: Asset, base: string): string {
  let address = addresses.get(asset);
  if (address === undefined) {
    address = `${base}/${asset.hashedKey.split("/").map(encodeURIComponent).join("/")}`;
    addresses.set(asset, address);
  }
  return address;
}

function firstPathOf(located: Located & { readonly kind: "page" }): (Located & { kind: "page" })["path"] {
  const parsed = parsePath(located.route.path(located.subject) ?? "");
  return parsed.ok ? parsed.path : located.path;
}

function describeFailure(error: unknown, key: PageKey): string {
  const page = key.length > 200 ? `${key.slice(0, 200)}…` : key;
  if (error instanceof TemplateError) return `${page}: ${templatePlace(error)}: ${causeOf(error)}`;
  return `${page}: ${error instanceof RekilnError && error.hint !== undefined ? `${error.message} ${error.hint}` : messageOf(error)}`;
}

/** What a template ran into; a RekilnError behind it says what to do. */
function causeOf(error: TemplateError): string {
  return error.cause instanceof RekilnError && error.cause.hint !== undefined
    ? `${error.message} ${error.cause.hint}`
    : error.message;
}
