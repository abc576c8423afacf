import { formatEntityName } from "../core/entity-name.ts";
import type { EntityName } from "../core/entity-name.ts";
import type { EntityData, EntityModel } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { compareValues } from "../core/order.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { AffectedReason } from "../press/affected-reason.ts";
import { foresee } from "../press/foresee.ts";
import type { Foreseen, Supposed } from "../press/foresee.ts";
import { paceOf, secondsFor } from "../press/pace.ts";
import type { Pace } from "../press/pace.ts";
import { loadConfig } from "../site/load-config.ts";
import { nearestName } from "../site/nearest-name.ts";
import type { Site } from "../site/site.ts";
import { checkRecord } from "../source/parse-record.ts";
import { notBuilt, openBuiltSite } from "./built-site.ts";

export interface AffectedOptions {
  readonly configFile: string;
  readonly entity: EntityName;
  readonly supposed:
    | Exclude<Supposed, { readonly kind: "record" }>
    /** It becomes this record, which its schema hasn't seen; `name` is where it comes from. */
    | { readonly kind: "input"; readonly name: string; readonly input: unknown };
}

export interface AffectedReport {
  readonly entity: string;
  /** Routes that have affected pages, in the site's order, with their pages. */
  readonly routes: ReadonlyMap<string, Foreseen>;
  /** Of the source as it is mirrored. */
  readonly version: number;
  /** How long builds took for a page so far, if one has measured it; `seconds` is what that makes for the pages of the answer. */
  readonly estimate: (Pace & { readonly seconds: number }) | undefined;
  /** What the answer doesn't hold, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Finds out which pages a change of an entity would affect, from what the last builds left; changes nothing.
 *
 * @throws RekilnError `site-not-built`, `type-unknown`, `entity-unknown`, `record-refused`
 */
export async function runAffected(
  options: AffectedOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AffectedReport> {
  const config = await loadConfig(options.configFile, environment);
  const { site } = config;
  const { entity: name } = options;
  const model = modelOf(site, name);
  using built = openBuiltSite(config);
  if (!built.isComplete) throw notBuilt("its first build didn't end");
  using reader = built.source.reader();
  const snapshot = reader.snapshot();
  const stored = snapshot.get(model.name, name.id)?.data;
  const supposed = await supposedOf(options.supposed, model, name);
  if (stored === undefined && supposed.kind !== "record") throw entityUnknown(name);
  const foreseen = foresee(site, built.manifest, snapshot, { model, id: name.id }, supposed);
  const complete = Number(built.manifest.meta("complete"));
  const pace = paceOf(built.manifest);
  return {
    entity: formatEntityName(name),
    routes: byRoute(site, foreseen),
    version: snapshot.version,
    estimate: pace && { ...pace, seconds: secondsFor(pace, foreseen.size) },
    notes: [...notesOf(model, stored, supposed), ...(complete < snapshot.version ? [BEHIND] : [])],
  };
}

const BEHIND =
  "The source has changes that no complete build has passed yet: the pages that wait for these come on top.";

function modelOf(site: Site, name: EntityName): EntityModel {
  const model = site.entities.get(name.type);
  if (model !== undefined) return model;
  const types = [...site.entities.keys()];
  const nearest = nearestName(name.type, types);
  throw new RekilnError({
    code: "type-unknown",
    message: `There is no entity type ${JSON.stringify(name.type)}.`,
    disposition: "fatal",
    hint: nearest === undefined ? `Use one of: ${types.join(", ")}.` : `Did you mean ${nearest}:${name.id}?`,
  });
}

function entityUnknown({ type, id }: EntityName): RekilnError {
  return new RekilnError({
    code: "entity-unknown",
    message: `There is no ${type} with the id ${JSON.stringify(id)} in the source as it was taken in last.`,
    disposition: "fatal",
    hint: "If it is new in the source, give its record with --file, or run rekiln build.",
  });
}

async function supposedOf(given: AffectedOptions["supposed"], model: EntityModel, name: EntityName): Promise<Supposed> {
  if (given.kind !== "input") return given;
  const checked = await checkRecord(model, given.input);
  if (!checked.ok) throw recordRefused(given.name, checked.message, "Mend it: a build would refuse this record too.");
  const { entity } = checked;
  if (entity.id !== name.id) {
    const other = JSON.stringify(entity.id);
    throw recordRefused(
      given.name,
      `its id is ${other}, not ${JSON.stringify(name.id)}`,
      `Ask for ${model.name}:${entity.id}.`,
    );
  }
  // As it would be stored.
  return { kind: "record", data: JSON.parse(JSON.stringify(entity)) as EntityData };
}

function recordRefused(file: string, message: string, hint: string): RekilnError {
  return new RekilnError({ code: "record-refused", message: `${file}: ${message}.`, disposition: "fatal", hint });
}

function byRoute(site: Site, foreseen: Foreseen): AffectedReport["routes"] {
  const routes = new Map<string, Map<PageKey, readonly AffectedReason[]>>();
  for (const route of site.routes.keys()) routes.set(route, new Map());
  for (const [key, reasons] of [...foreseen].sort(([left], [right]) => comparePages(left, right))) {
    const { route } = parsePageKey(key);
    const pages = routes.get(route) ?? new Map<PageKey, readonly AffectedReason[]>();
    routes.set(route, pages.set(key, reasons));
  }
  return new Map([...routes].filter(([, pages]) => pages.size > 0));
}

/** By subject, then by number. */
function comparePages(left: PageKey, right: PageKey): number {
  const [a, b] = [parsePageKey(left), parsePageKey(right)];
  return compareValues(a.subject ?? null, b.subject ?? null) || a.number - b.number;
}

function notesOf(model: EntityModel, stored: EntityData | undefined, supposed: Supposed): string[] {
  if (supposed.kind !== "fields" || stored === undefined) return [];
  const { fields } = supposed;
  const notes: string[] = [];
  for (const field of fields ?? []) {
    if (!Object.hasOwn(stored, field) && !model.index.includes(field)) {
      notes.push(`It has no field ${JSON.stringify(field)} now: is that how it is spelled?`);
    }
  }
  const open = model.index.filter((field) => fields === undefined || fields.includes(field));
  if (open.length > 0) {
    notes.push(
      `Lists that it would enter by another ${open.join(", ")} aren't known before: give the new record with --file for an exact answer.`,
    );
  }
  return notes;
}
