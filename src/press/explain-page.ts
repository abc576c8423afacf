import { digestOf } from "../core/digest.ts";
import type { Digest } from "../core/digest.ts";
import type { Dependency } from "../core/dependency.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { formatDependency } from "../manifest/edge-text.ts";
import type { LeftPath } from "../manifest/left-paths.ts";
import type { Edge, Manifest, PageRow } from "../manifest/manifest.ts";
import type { Drift } from "../manifest/sweep-state.ts";
import type { Snapshot } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import { locatePage } from "./locate-page.ts";
import type { Located } from "./locate-page.ts";
import { NamingRecorder } from "./naming-recorder.ts";
import { claimantsOf, wantedOf } from "./path-claims.ts";
import type { Claimant } from "./path-claims.ts";
import { conditionText, maskText, refText } from "./ref-text.ts";
import type { RefName } from "./ref-text.ts";
import { renderPage } from "./render-page.ts";
import type { RenderContext, Rendered } from "./render-page.ts";

export interface ExplainContext extends Omit<RenderContext, "useAsset"> {
  readonly manifest: Manifest;
  readonly store: PageStore;
  readonly snapshot: Snapshot;
  /** Unix seconds. */
  readonly nowSeconds: number;
}

/** Something that a page read. */
export interface ExplainedRef {
  /** `film:42{title}`; where only its hash is known, what the page did with it: `?{title}`. */
  readonly ref: string;
  readonly use: Dependency["kind"];
  /** Whether its words are known: not of what was recorded and isn't read when the page is rendered now. */
  readonly isNamed: boolean;
  /** Whether the last press recorded it: that is what changes are compared with. */
  readonly isStored: boolean;
}

/** What rendering the page now, from the data and templates as they are, would make of it. */
type RenderedNow =
  | { readonly kind: "same" | "differs"; readonly digest: Digest; readonly bytes: number }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "none" };

export interface PageExplanation {
  readonly key: PageKey;
  readonly located:
    | { readonly kind: "page"; readonly path: string }
    | { readonly kind: "none"; readonly reason: (Located & { readonly kind: "none" })["reason"] }
    | { readonly kind: "bad-path"; readonly problem: string };
  readonly row: PageRow | undefined;
  /** What stands where it is published: `recorded` is the very file that its row names. */
  readonly file: "recorded" | "other" | "missing" | undefined;
  readonly now: RenderedNow;
  readonly renderMs: number;
  readonly refs: readonly ExplainedRef[];
  /** Other pages that want, or have, its path. */
  readonly claimants: readonly Claimant[];
  /** Paths that it has left. */
  readonly left: readonly LeftPath[];
  /** When sweeps found that it wasn't what it should be, and why; the newest first. */
  readonly drifts: readonly Drift[];
}

/** Says all that is known of a page. Nothing is written; the page is rendered once, to have words for what it reads. */
export async function explainPage(context: ExplainContext, key: PageKey): Promise<PageExplanation> {
  const { site, manifest, snapshot, store, nowSeconds } = context;
  const row = manifest.page(key);
  const recorder = new NamingRecorder(site.entities.keys());
  const started = performance.now();
  const rendered = await renderPage({ ...context, useAsset: () => undefined }, key, snapshot, nowSeconds, recorder);
  const renderMs = performance.now() - started;
  const located = locateForPeople(context, key);
  const path = row?.published?.path ?? (located.kind === "page" ? located.path : undefined);
  const wanted = path === undefined ? undefined : wantedOf(path);
  const stored = row?.published === undefined || wanted === undefined ? undefined : store.etag(wanted.key);
  return {
    key,
    located,
    row,
    file:
      row?.published === undefined
        ? undefined
        : stored === undefined
          ? "missing"
          : stored === row.published.etag
            ? "recorded"
            : "other",
    now: renderedNow(rendered, row),
    renderMs,
    refs: explainRefs(manifest.edgesOf(key), rendered.kind === "none" ? [] : rendered.edges, recorder.names),
    claimants: wanted === undefined ? [] : claimantsOf(site, manifest, snapshot, key, wanted),
    left: manifest.left.of(key),
    drifts: manifest.sweep.driftsOf(key),
  };
}

function locateForPeople({ site, snapshot }: ExplainContext, key: PageKey): PageExplanation["located"] {
  try {
    const located = locatePage(site, parsePageKey(key), snapshot, undefined);
    return located.kind === "page" ? { kind: "page", path: located.path } : located;
  } catch (error) {
    return { kind: "bad-path", problem: error instanceof Error ? error.message : String(error) };
  }
}

function renderedNow(rendered: Rendered, row: PageRow | undefined): RenderedNow {
  if (rendered.kind === "none") return { kind: "none" };
  if (rendered.kind === "failed") return { kind: "failed", error: rendered.error };
  const content = Buffer.from(rendered.content);
  const digest = digestOf(content);
  const isSame = digest === row?.published?.digest && rendered.located.path === row.published.path;
  return { kind: isSame ? "same" : "differs", digest, bytes: content.length };
}

/** Stored refs first, in words where the page reads the same ones now; then those that it reads only now. */
function explainRefs(
  stored: readonly Edge[],
  now: readonly Edge[],
  names: ReadonlyMap<Edge["ref"], RefName>,
): readonly ExplainedRef[] {
  const seen = new Set<string>();
  const explain =
    (isStored: boolean) =>
    ({ ref, dependency }: Edge): readonly ExplainedRef[] => {
      const identity = `${ref} ${formatDependency(dependency)}`;
      if (seen.has(identity)) return [];
      seen.add(identity);
      const name = names.get(ref);
      const text = name === undefined ? unnamedText(dependency) : refText(name, dependency);
      return [{ ref: text, use: dependency.kind, isNamed: name !== undefined, isStored }];
    };
  return [...stored.flatMap(explain(true)), ...now.flatMap(explain(false))];
}

function unnamedText(dependency: Dependency): string {
  return `?${dependency.kind === "entity" ? maskText(dependency.fields) : conditionText(dependency)}`;
}
