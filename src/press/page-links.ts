import { pagesOf } from "../core/dependency.ts";
import { RekilnError } from "../core/errors.ts";
import type { Scalar } from "../core/read.ts";
import { encodePath, pagedPath, parsePath } from "../site/path.ts";
import type { AnySubject, RouteModel, Site } from "../site/site.ts";
import { useOfView } from "../source/recording-view.ts";
import type { Snapshot } from "../source/source.ts";
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

/** Gives the addresses of other pages, and records what they depend on. Who owns a path is not asked. */
export class PageLinks {
  readonly #site: Site;
  readonly #snapshot: Snapshot;
  readonly #recorder: PageRecorder;

  constructor(site: Site, snapshot: Snapshot, recorder: PageRecorder) {
    this.#site = site;
    this.#snapshot = snapshot;
    this.#recorder = recorder;
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
    const found = this.#subject(route, subject);
    if (found === undefined) return undefined;
    const text = route.path(found.subject);
    if (text === null) return undefined;
    const parsed = parsePath(text);
    // The page itself fails and says why; here there is just nothing to link to.
    if (!parsed.ok) return undefined;
    if (number === 1) return encodePath(this.#site.base, parsed.path);
    if (!this.#hasPage(route, found.subject, number)) return undefined;
    const paged = pagedPath(parsed.path, number);
    return paged === undefined ? undefined : encodePath(this.#site.base, paged);
  }

  #subject(route: RouteModel, subject: unknown): { readonly subject: AnySubject } | undefined {
    const { each } = route;
    if (each.kind === "one") return { subject: undefined };
    if (subject === undefined || subject === null) return undefined;
    if (each.kind === "distinct") {
      if (!isScalar(subject)) throw wrongSubject(route, `a value of ${each.type}.${each.field}`);
      const exists = this.#snapshot.has(each.type, each.field, subject);
      this.#recorder.exists(each.type, { [each.field]: subject }, exists);
      return exists ? { subject } : undefined;
    }
    const id = typeof subject === "string" ? subject : this.#idOf(route, each.type, subject);
    const entity = this.#recorder.named(each.type, id, this.#snapshot.get(each.type, id));
    return entity === undefined ? undefined : { subject: entity };
  }

  #idOf(route: RouteModel, type: string, subject: unknown): string {
    const use = useOfView(subject);
    if (use?.type === type) return use.id;
    if (use === undefined && typeof subject === "object" && subject !== null && "id" in subject) {
      if (typeof subject.id === "string") return subject.id;
    }
    throw wrongSubject(route, `an entity of type ${type}, or its id`);
  }

  #hasPage(route: RouteModel, subject: AnySubject, number: number): boolean {
    const { list } = route;
    if (list === undefined) return false;
    const where = list.where(subject);
    const pages = pagesOf(this.#snapshot.count(list.of, where), list.perPage);
    this.#recorder.pages(list.of, where, list.perPage, pages);
    return number <= pages;
  }
}
