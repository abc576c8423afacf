import { movesWithin, pagesOf, touchesWindow } from "../core/dependency.ts";
import type { Dependency } from "../core/dependency.ts";
import type { OrderField, WhereValues } from "../core/entity.ts";
import type { Lookups } from "./locate-page.ts";
import type { ChangeWithAfter, TouchedRef } from "./touched-refs.ts";

/** A change, and what it was of a ref that it touches. */
export interface Touch {
  readonly one: ChangeWithAfter;
  readonly ref: TouchedRef;
}

/**
 * All changes that touch one ref. Its edges are then read once, however many changes there are; and of a list that has hundreds of
 * pages it is found out once which of the changes it can tell.
 */
export class RefTouches {
  readonly #touches: Touch[] = [];
  readonly #movers = new Map<string, readonly Touch[]>();
  readonly #counts = new Map<string, number>();

  add(touch: Touch): void {
    this.#touches.push(touch);
  }

  /**
   * The change, or the first of those, that leads to a page by what it did with the ref. `distrustsAnswers`: as of `ExpandOptions`.
   */
  leadingTo(dependency: Dependency, snapshot: Lookups, distrustsAnswers: boolean): Touch | undefined {
    switch (dependency.kind) {
      case "entity":
        return this.#touches.find(({ one }) => usesChanged(one, dependency.fields));
      case "window": {
        const { window } = dependency;
        return this.#moversOf(window.where, window.order).find(({ one: { change, after } }) =>
          change.before.some((before) => touchesWindow(window, before, after)),
        );
      }
      case "count":
      case "extent":
        return this.#moversOf(dependency.where, []).at(0);
      // An answer that is still the same changes no bytes, however often it was another in between.
      case "exists":
        if (distrustsAnswers) return this.#moversOf(dependency.where, []).at(0);
        return this.#count(snapshot, dependency.where) > 0 === dependency.answer ? undefined : this.#touches.at(0);
      case "pages": {
        if (distrustsAnswers) return this.#moversOf(dependency.where, []).at(0);
        const pages = pagesOf(this.#count(snapshot, dependency.where), dependency.perPage);
        return pages === dependency.answer ? undefined : this.#touches.at(0);
      }
      case "values":
        return this.#touches.find(({ ref }) => ref.kind === "values");
      case "claim":
      case "folder":
      case "asset":
        return undefined;
    }
  }

  /** Whether the ref is an answer that is still the right one: nothing leads to the pages that were given it. */
  isStillTrue(snapshot: Lookups): boolean {
    return this.#touches.every(
      ({ one, ref }) => ref.kind === "exists" && snapshot.has(one.change.type, ref.field, ref.value) === ref.answer,
    );
  }

  /** Those that a list can tell: an entity comes, goes, or gets another place. */
  #moversOf(where: WhereValues, order: readonly OrderField[]): readonly Touch[] {
    const list = JSON.stringify([where, order]);
    let movers = this.#movers.get(list);
    if (movers === undefined) {
      movers = this.#touches.filter(({ one: { change, after } }) =>
        change.before.some((before) => movesWithin({ where, order }, before, after)),
      );
      this.#movers.set(list, movers);
    }
    return movers;
  }

  #count(snapshot: Lookups, where: WhereValues): number {
    const list = JSON.stringify(where);
    let count = this.#counts.get(list);
    if (count === undefined) {
      // One ref is of one type, but for two that share a hash: these cost a render too many.
      count = snapshot.count(this.#touches[0]?.one.change.type ?? "", where);
      this.#counts.set(list, count);
    }
    return count;
  }
}

function usesChanged({ existenceChanged, change }: ChangeWithAfter, used: readonly string[] | "*"): boolean {
  if (existenceChanged) return true;
  // That it exists, and nothing of it.
  if (used.length === 0) return false;
  if (used === "*" || change.fields === undefined) return true;
  return change.fields.some((field) => used.includes(field));
}
