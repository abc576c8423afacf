import { pagesOf } from "../core/dependency.ts";
import { RekilnError } from "../core/errors.ts";
import type { SitePath } from "../core/path.ts";
import type { Scalar } from "../core/read.ts";
import { encodePath, pagedPath, parsePath } from "../site/path.ts";
import type { AnySubject, RouteModel, Site } from "../site/site.ts";
import { GenerationCache } from "../source/generation-cache.ts";
import { EntityUse, useOfView } from "../source/recording-view.ts";
import type { EntityRecord, Snapshot } from "../source/source.ts";
import type { Edge } from "../manifest/manifest.ts";
import { existsEdge } from "./page-recorder.ts";
import type { PageRecorder } from "./page-recorder.ts";

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function wrongSubject(route: RouteModel, wanted: string): RekilnError {
  return new RekilnError({
    code: "link-subject",
    message: `link(${JSON.stringify(route.name)}, …) was not given ${wanted}.`,
    disposition: "discard",
    hint: `Write link(${JSON.stringify(route.name)}, subject) with ${wanted}.`,
  });
}

/** The address of page 1 of a subject, and what finding it read. */
type Address = { readonly href: string | undefined } & (
  | { readonly kind: "one" }
  | { readonly kind: "distinct"; readonly value: Scalar | undefined; readonly edge: Edge }
  /** `fields` that its path used; undefined is all. */
  | {
      readonly kind: "entity";
      readonly id: string;
      readonly record: EntityRecord | undefined;
      readonly fields: readonly string[] | undefined;
    }
);

/** Page 1 of a subject. Where its path is none, or can't be evaluated, the page itself fails and says why: nobody can link to it. */
function pathOf(route: RouteModel, subject: AnySubject): SitePath | undefined {
  let text: string | null;
  try {
    text = route.path(subject);
  } catch {
    return undefined;
  }
  const parsed = parsePath(text ?? "");
  return parsed.ok ? parsed.path : undefined;
}

const ADDRESSES_KEPT = 20_000;

/**
 * Addresses found in one snapshot. Popular entities are linked to from thousands of pages: their path is evaluated for
 * one of them, and what it used is recorded for each.
 */
class AddressBook {
  readonly #site: Site;
  readonly #snapshot: Snapshot;
  readonly #known = new Map<RouteModel, GenerationCache<Scalar | undefined, Address>>();

  constructor(site: Site, snapshot: Snapshot) {
    this.#site = site;
    this.#snapshot = snapshot;
  }

  /** The address of a subject: an id, a value, or undefined for a single page. */
  find(route: RouteModel, subject: Scalar | undefined): Address {
    let known = this.#known.get(route);
    if (known === undefined) {
      known = new GenerationCache(ADDRESSES_KEPT);
      this.#known.set(route, known);
    }
    let address = known.get(subject);
    if (address === undefined) {
      address = this.#find(route, subject);
      known.set(subject, address, 1);
    }
    return address;
  }

  #find(route: RouteModel, wanted: Scalar | undefined): Address {
    const { each } = route;
    if (each.kind === "one") return { kind: "one", href: this.#href(route, undefined) };
    if (each.kind === "distinct") {
      const exists = wanted !== undefined && this.#snapshot.has(each.type, each.field, wanted);
      const href = exists ? this.#href(route, wanted) : undefined;
      return { kind: "distinct", value: wanted, href, edge: existsEdge(each.type, each.field, wanted ?? "", exists) };
    }
    const id = String(wanted);
    const record = this.#snapshot.get(each.type, id);
    if (record === undefined) return { kind: "entity", href: undefined, id, record, fields: [] };
    const use = new EntityUse(each.type, id, record);
    const href = this.#href(route, use.view);
    return { kind: "entity", href, id, record, fields: use.usesAll ? undefined : use.fields };
  }

  #href(route: RouteModel, subject: AnySubject): string | undefined {
    const parsed = pathOf(route, subject);
    return parsed === undefined ? undefined : encodePath(this.#site.base, parsed);
  }
}

/** What a site's links are in a snapshot is true of that snapshot for ever. */
const books = new WeakMap<Snapshot, { readonly site: Site; readonly book: AddressBook }>();

function addressBook(site: Site, snapshot: Snapshot): AddressBook {
  const kept = books.get(snapshot);
  if (kept?.site === site) return kept.book;
  const book = new AddressBook(site, snapshot);
  books.set(snapshot, { site, book });
  return book;
}

/** Gives the addresses of other pages, and records what they depend on. Who owns a path is not asked. */
export class PageLinks {
  readonly #site: Site;
  readonly #snapshot: Snapshot;
  readonly #recorder: PageRecorder;
  readonly #addresses: AddressBook;

  constructor(site: Site, snapshot: Snapshot, recorder: PageRecorder) {
    this.#site = site;
    this.#snapshot = snapshot;
    this.#recorder = recorder;
    this.#addresses = addressBook(site, snapshot);
  }

  /**
   * The address of page `number` of a subject: an entity or its id, a value of the route's field, or nothing for a
   * single page. Undefined where there is no such page, or no subject.
   */
  link(name: string, subject: unknown, number = 1): string | undefined {
    const route = this.#site.routes.get(name);
    if (route === undefined) {
      throw new RekilnError({
        code: "link-route",
        message: `There is no route ${JSON.stringify(name)} to link to.`,
        disposition: "discard",
        hint: `Use one of: ${[...this.#site.routes.keys()].join(", ")}.`,
      });
    }
    const { each } = route;
    if (each.kind !== "one" && (subject === undefined || subject === null)) return undefined;
    const address = this.#addresses.find(route, this.#wanted(route, subject));
    this.#record(route, address);
    if (address.href === undefined || number === 1) return address.href;
    return this.#furtherPage(route, address, number);
  }

  #wanted(route: RouteModel, subject: unknown): Scalar | undefined {
    const { each } = route;
    switch (each.kind) {
      case "one":
        return undefined;
      case "distinct":
        if (!isScalar(subject)) throw wrongSubject(route, `a value of ${each.type}.${each.field}`);
        return subject;
      case "entity":
        return typeof subject === "string" ? subject : this.#idOf(route, each.type, subject);
    }
  }

  /** Seen through this page's own eyes. */
  #subject({ each }: RouteModel, address: Address): AnySubject {
    if (address.kind === "one") return undefined;
    if (address.kind === "distinct") return address.value;
    return each.kind === "entity" ? this.#recorder.named(each.type, address.id, address.record) : undefined;
  }

  #record({ each }: RouteModel, address: Address): void {
    if (address.kind === "distinct") this.#recorder.edge(address.edge);
    else if (address.kind === "entity" && each.kind === "entity") {
      this.#recorder.used(each.type, address.id, address.record, address.fields);
    }
  }

  #idOf(route: RouteModel, type: string, subject: unknown): string {
    const use = useOfView(subject);
    if (use?.type === type) return use.id;
    if (use === undefined && typeof subject === "object" && subject !== null && "id" in subject) {
      if (typeof subject.id === "string") return subject.id;
    }
    throw wrongSubject(route, `an entity of type ${type}, or its id`);
  }

  #furtherPage(route: RouteModel, address: Address, number: number): string | undefined {
    const { list } = route;
    if (list === undefined) return undefined;
    const subject = this.#subject(route, address);
    const path = pathOf(route, subject);
    const where = list.where(subject);
    const pages = pagesOf(this.#snapshot.count(list.of, where), list.perPage);
    this.#recorder.pages(list.of, where, list.perPage, pages);
    if (path === undefined || number > pages) return undefined;
    const paged = pagedPath(path, number);
    return paged === undefined ? undefined : encodePath(this.#site.base, paged);
  }
}
