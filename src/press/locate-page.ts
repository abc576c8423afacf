import type { PageParts } from "../core/page.ts";
import type { ObjectKey, SitePath } from "../core/path.ts";
import { pagedPath, parsePath } from "../site/path.ts";
import type { AnySubject, RouteModel, Site } from "../site/site.ts";
import { pagesOf } from "../core/dependency.ts";
import { EntityUse } from "../source/recording-view.ts";
import type { Snapshot } from "../source/source.ts";
import type { PageRecorder } from "./page-recorder.ts";

/** Where a page stands in a snapshot, if it does. */
export type Located =
  | {
      readonly kind: "page";
      readonly route: RouteModel;
      readonly subject: AnySubject;
      readonly path: SitePath;
      readonly key: ObjectKey;
      readonly collisionKey: string;
    }
  | { readonly kind: "none"; readonly reason: "no-route" | "no-subject" | "no-path" | "past-the-end" }
  | { readonly kind: "bad-path"; readonly problem: string };

/** What of a snapshot decides which pages there are, and where. */
export type Lookups = Pick<Snapshot, "get" | "has" | "count">;

/** What the page is about, seen through `recorder` when there is one; undefined when there is no such subject. */
function findSubject(
  route: RouteModel,
  parts: PageParts,
  snapshot: Lookups,
  recorder: PageRecorder | undefined,
): { readonly subject: AnySubject } | undefined {
  const { each } = route;
  switch (each.kind) {
    case "one":
      return parts.subject === undefined ? { subject: undefined } : undefined;
    case "entity": {
      if (typeof parts.subject !== "string") return undefined;
      const record = snapshot.get(each.type, parts.subject);
      const view =
        recorder === undefined
          ? new EntityUse(each.type, parts.subject, record).view
          : recorder.named(each.type, parts.subject, record);
      return view === undefined ? undefined : { subject: view };
    }
    case "distinct": {
      if (parts.subject === undefined) return undefined;
      const exists = snapshot.has(each.type, each.field, parts.subject);
      recorder?.exists(each.type, each.field, parts.subject, exists);
      return exists ? { subject: parts.subject } : undefined;
    }
  }
}

/**
 * Evaluates a page's path in a snapshot. Through `recorder` what it reads is recorded.
 * @throws whatever the config's `path` or `where` throws
 */
export function locatePage(
  site: Site,
  parts: PageParts,
  snapshot: Lookups,
  recorder: PageRecorder | undefined,
): Located {
  const route = site.routes.get(parts.route);
  if (route === undefined) return { kind: "none", reason: "no-route" };
  const found = findSubject(route, parts, snapshot, recorder);
  if (found === undefined) return { kind: "none", reason: "no-subject" };
  const { subject } = found;
  const text = route.path(subject);
  if (text === null) return { kind: "none", reason: "no-path" };
  const first = parsePath(text);
  if (!first.ok) return { kind: "bad-path", problem: `${JSON.stringify(text)} ${first.problem}` };
  if (parts.number === 1) return { ...first, kind: "page", route, subject };
  if (route.list === undefined) return { kind: "none", reason: "past-the-end" };
  const total = snapshot.count(route.list.of, route.list.where(subject));
  if (parts.number > pagesOf(total, route.list.perPage)) return { kind: "none", reason: "past-the-end" };
  const paged = pagedPath(first.path, parts.number);
  const parsed = paged === undefined ? undefined : parsePath(paged);
  if (parsed?.ok !== true) {
    return {
      kind: "bad-path",
      problem: `${JSON.stringify(text)} has no path for page ${parts.number}: a list's path ends in /`,
    };
  }
  return { ...parsed, kind: "page", route, subject };
}

/** How many pages a subject has; 0 when it has none. */
export function countPages(site: Site, parts: PageParts, snapshot: Lookups): number {
  const located = locatePage(site, { ...parts, number: 1 }, snapshot, undefined);
  if (located.kind === "none") return 0;
  // A page with a bad path is one that fails, and says so.
  if (located.kind === "bad-path" || located.route.list === undefined) return 1;
  const { list } = located.route;
  return pagesOf(snapshot.count(list.of, list.where(located.subject)), list.perPage);
}
