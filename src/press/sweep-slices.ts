import { compareValues } from "../core/order.ts";
import type { Scalar } from "../core/read.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { CLOCK_AHEAD_MAX_SECONDS } from "../manifest/sweep-state.ts";
import type { SweepSlice } from "../manifest/sweep-state.ts";
import type { RouteModel, Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";

/** Subjects that one slice holds at most. */
const SLICE_SUBJECTS = 100;
/** So long nobody else takes a slice; whoever holds it says so anew meanwhile. */
export const LEASE_SECONDS = 60;

/** Makes a slice for each route that has none: its pages count as verified at `swept`. Those of routes that are gone go. */
export function makeSlices(site: Site, manifest: Manifest, nowSeconds: number, swept: number): void {
  const routesNow = (): ReadonlySet<string> => new Set(manifest.sweep.sweeps(nowSeconds).map(({ route }) => route));
  const before = routesNow();
  const isSame = before.size === site.routes.size && [...site.routes.keys()].every((route) => before.has(route));
  if (isSame) return;
  manifest.transact(() => {
    const there = routesNow();
    const free = { after: "", upTo: undefined, swept, rounds: 0, holder: undefined, leaseUntil: 0 };
    for (const route of site.routes.keys()) if (!there.has(route)) manifest.sweep.addSlice({ route, ...free });
    for (const route of there) if (!site.routes.has(route)) manifest.sweep.removeSlices(route);
  });
}

/** Holds a slice for `holder`, unless somebody was faster. @returns it as it is held now */
export function leaseSlice(manifest: Manifest, id: number, holder: string, nowSeconds: number): SweepSlice | undefined {
  return manifest.transact(() => {
    const slice = manifest.sweep.slice(id);
    if (slice === undefined) return undefined;
    const isHeld = slice.leaseUntil > nowSeconds && slice.leaseUntil <= nowSeconds + CLOCK_AHEAD_MAX_SECONDS;
    if (isHeld && slice.holder !== holder) return undefined;
    const held: SweepSlice = { ...slice, holder, leaseUntil: nowSeconds + LEASE_SECONDS };
    manifest.sweep.putSlice(held);
    return held;
  });
}

/** Gives a slice back: verified since `swept`, or, when that is undefined, as it was. Nothing is done when another one holds it by now. */
export function returnSlice(manifest: Manifest, slice: SweepSlice, swept: number | undefined): boolean {
  return manifest.transact(() => {
    const now = manifest.sweep.slice(slice.id);
    if (now === undefined || now.holder !== slice.holder) return false;
    const done = swept === undefined ? {} : { swept, rounds: now.rounds + 1 };
    manifest.sweep.putSlice({ ...now, ...done, holder: undefined, leaseUntil: 0 });
    return true;
  });
}

/** The subjects of a slice, and the slice cut to them: what it held too much is a slice of its own. */
export interface SliceContent {
  readonly slice: SweepSlice;
  readonly subjects: readonly (Scalar | undefined)[];
}

/** Reads what a held slice is about, and cuts it where it holds too much. */
export function openSlice(site: Site, manifest: Manifest, slice: SweepSlice, snapshot: Snapshot): SliceContent {
  const route = site.routes.get(slice.route);
  if (route === undefined) return { slice, subjects: [] };
  const { subjects, cut } = subjectsOfSlice(route, slice, snapshot);
  return { slice: cutSlice(manifest, slice, cut), subjects };
}

function subjectsOfSlice(
  route: RouteModel,
  { after: behind, upTo }: SweepSlice,
  snapshot: Snapshot,
): { readonly subjects: readonly (Scalar | undefined)[]; readonly cut: string | undefined } {
  const { each } = route;
  if (each.kind === "one") return { subjects: [undefined], cut: undefined };
  // Only this file writes the bounds of slices.
  const after = behind === "" ? undefined : (JSON.parse(behind) as Scalar);
  const last = upTo === undefined ? undefined : (JSON.parse(upTo) as Scalar);
  const found: readonly Scalar[] =
    each.kind === "entity"
      ? snapshot.ids(each.type, after === undefined ? undefined : String(after), SLICE_SUBJECTS + 1)
      : snapshot.distinct(each.type, each.field, after, SLICE_SUBJECTS + 1);
  const inside = last === undefined ? found : found.filter((subject) => compareValues(subject, last) <= 0);
  if (inside.length <= SLICE_SUBJECTS) return { subjects: inside, cut: undefined };
  const subjects = inside.slice(0, SLICE_SUBJECTS);
  return { subjects, cut: JSON.stringify(subjects.at(-1)) };
}

/** What lies behind the cut becomes a slice of its own, as long not verified as the whole. */
function cutSlice(manifest: Manifest, slice: SweepSlice, cut: string | undefined): SweepSlice {
  if (cut === undefined) return slice;
  return manifest.transact(() => {
    const now = manifest.sweep.slice(slice.id);
    if (now === undefined || now.holder !== slice.holder) return slice;
    const head: SweepSlice = { ...now, upTo: cut };
    manifest.sweep.putSlice(head);
    const { id: _id, ...rest } = now;
    manifest.sweep.addSlice({ ...rest, after: cut, holder: undefined, leaseUntil: 0 });
    return head;
  });
}
