import { parseEntityName } from "../core/entity-name.ts";
import { RekilnError } from "../core/errors.ts";
import { parsePageKey, subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { claimRef } from "../core/ref.ts";
import { encodePages, encodeRoutes } from "../core/work-message.ts";
import type { Queue } from "../queue/queue.ts";
import { sendAll } from "../queue/send-all.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { parsePath } from "../site/path.ts";
import { knownPages } from "./built-site.ts";
import type { BuiltSite } from "./built-site.ts";
import { checkRoutes } from "./check-routes.ts";

const BATCH_PAGES = 128;

/** What is to be rendered again. */
export type RebuildTarget =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "routes"; readonly routes: readonly string[] }
  | { readonly kind: "all" };

export interface RebuildPlan {
  /** Undefined for whole routes. */
  readonly keys: readonly PageKey[] | undefined;
  readonly routes: readonly string[];
  /** How many pages that is, as far as they are known. */
  readonly pages: number;
}

/** Finds the pages to render. @throws RekilnError `rebuild-nothing`, `route-unknown` */
export function planRebuild(config: LoadedConfig, built: BuiltSite, target: RebuildTarget): RebuildPlan {
  const { site } = config;
  const { manifest } = built;
  if (target.kind === "name") {
    const keys = keysOf(config, built, target.name);
    if (keys.length > 0) return { keys, routes: [], pages: keys.length };
    throw new RekilnError({
      code: "rebuild-nothing",
      message: `There is no page of ${JSON.stringify(target.name)}.`,
      disposition: "fatal",
      hint: "Name an entity (film:42), a page (film/42), a path (/films/alien/), a route (--route genre), or --all.",
    });
  }
  const routes = target.kind === "all" ? [...site.routes.keys()] : target.routes;
  checkRoutes(routes, site);
  const pages = routes.reduce((sum, route) => sum + knownPages(manifest, route), 0);
  return { keys: undefined, routes, pages };
}

function keysOf({ site }: LoadedConfig, { manifest, source }: BuiltSite, name: string): readonly PageKey[] {
  if (name.startsWith("/")) {
    const parsed = parsePath(name);
    if (!parsed.ok) return [];
    const claimants = [...manifest.dependants(claimRef(parsed.collisionKey))];
    return claimants.filter(({ dependency }) => dependency.kind === "claim").map(({ key }) => key);
  }
  // A page's own key; `#2` and on only that page.
  const page = manifest.page(name as PageKey);
  if (page !== undefined) {
    return parsePageKey(page.key).number > 1 ? [page.key] : manifest.pagesOf(page.key).map(({ key }) => key);
  }
  const entity = parseEntityName(name);
  if (entity === undefined) return [];
  const keys: PageKey[] = [];
  using reader = source.reader();
  const snapshot = reader.snapshot();
  for (const route of site.routes.values()) {
    if (route.each.kind !== "entity" || route.each.type !== entity.type) continue;
    const first = subjectKey(route.name, entity.id);
    const rows = manifest.pagesOf(first);
    // An entity whose page was never made: a press finds out whether it has one.
    if (rows.length > 0) keys.push(...rows.map(({ key }) => key));
    else if (snapshot.get(entity.type, entity.id) !== undefined) keys.push(first);
  }
  return keys;
}

/** Puts the requests on the queue: one page's on the live lane, more on the bulk lane. */
export async function queueRebuild(
  queue: Queue,
  built: BuiltSite,
  plan: RebuildPlan,
  reason: string | undefined,
): Promise<void> {
  const { record, source } = built;
  const request = {
    version: source.version(),
    epoch: record.epoch,
    isForced: true,
    since: Date.now(),
    waited: 0,
    ...(reason === undefined ? {} : { reason }),
  };
  const bodies =
    plan.keys === undefined ? encodeRoutes(plan.routes, request) : encodePages(plan.keys, BATCH_PAGES, request);
  const lane = plan.pages === 1 && plan.keys !== undefined ? "live" : "bulk";
  await sendAll(queue, lane, bodies);
}
