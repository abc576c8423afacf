import type { EntityData, EntityModel } from "./entity.ts";

/** When an entity exists, in Unix seconds: from `appears`, and no longer from `goes` on. Undefined is always. */
export interface VisibleTime {
  readonly appears: number | undefined;
  readonly goes: number | undefined;
}

/** So far the clocks of machines may be apart: what one of them did isn't undone by another within it. */
export const CLOCKS_APART_SECONDS = 15 * 60;

const MOMENT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** A date-time with its time zone, or a date (which begins at midnight UTC), in Unix seconds, rounded up; undefined for anything else. */
export function parseMoment(value: unknown): number | undefined {
  if (typeof value !== "string" || !MOMENT.test(value)) return undefined;
  const at = Date.parse(value);
  // The parser takes the 30th of February for the 1st or 2nd of March.
  const day = Date.parse(`${value.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(at) || Number.isNaN(day) || !new Date(day).toISOString().startsWith(value.slice(0, 10)))
    return undefined;
  return Math.ceil(at / 1000);
}

/** What is wrong with the times of an entity, to be read after its field's name. */
export function visibleTimeProblem(model: EntityModel, entity: EntityData): string | undefined {
  for (const field of [model.publishAt, model.expireAt]) {
    if (field === undefined) continue;
    const value = entity[field];
    if (value === undefined || value === null || parseMoment(value) !== undefined) continue;
    return `\`${field}\` is no date ("2026-03-01") and no date-time with its time zone ("2026-03-01T09:00:00+01:00")`;
  }
  return undefined;
}

/** @param entity without a problem */
export function visibleTimeOf(model: EntityModel, entity: EntityData): VisibleTime {
  const at = (field: string | undefined): number | undefined =>
    field === undefined ? undefined : parseMoment(entity[field]);
  return { appears: at(model.publishAt), goes: at(model.expireAt) };
}

function isVisible({ appears, goes }: VisibleTime, nowSeconds: number): boolean {
  return (appears === undefined || appears <= nowSeconds) && (goes === undefined || nowSeconds < goes);
}

/** What an entity is: there, not there yet, or not there any more. */
export type Presence = "there" | "before" | "after";

/** Of an entity that stands as it should. */
export function presenceOf(time: VisibleTime, nowSeconds: number): Presence {
  if (isVisible(time, nowSeconds)) return "there";
  return time.goes !== undefined && time.goes <= nowSeconds ? "after" : "before";
}

/**
 * Whether what an entity is is wrong by a clock that is right: by more than clocks may be apart, where another clock has decided it.
 */
export function mustTurn(time: VisibleTime, presence: Presence, nowSeconds: number): boolean {
  if (isVisible(time, nowSeconds) === (presence === "there")) return false;
  const { appears, goes } = time;
  switch (presence) {
    case "there":
      // Its end has come; or a clock that was far ahead brought it too early.
      return (goes !== undefined && goes <= nowSeconds) || (appears ?? 0) > nowSeconds + CLOCKS_APART_SECONDS;
    case "before":
      return true;
    case "after":
      // A clock that was far ahead ended it too early.
      return goes === undefined || goes > nowSeconds + CLOCKS_APART_SECONDS;
  }
}
