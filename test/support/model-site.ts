import type { EntityData } from "../../src/core/entity.ts";
import type { Html } from "../../src/core/html.ts";
import { raw } from "../../src/core/html.ts";
import { json } from "../../src/core/json-template.ts";
import type { Scalar } from "../../src/core/read.ts";
import { createEtaRenderer } from "../../src/render/eta-renderer.ts";
import { checkSite } from "../../src/site/check-site.ts";
import { unchecked } from "../../src/site/entities.ts";
import { slug } from "../../src/site/slug.ts";
import type { TestedSite } from "./build-in-process.ts";

/**
 * A site as plain data. Types, ids and routes are named by number, modulo how many there are, so that whatever is
 * taken away from a model leaves a model.
 */
export interface ModelSite {
  readonly types: readonly ModelType[];
  readonly routes: readonly ModelRoute[];
}

interface ModelType {
  /** In the order in which the site declares them. */
  readonly index: readonly string[];
}

export type ModelWhere = Readonly<Record<string, Scalar | readonly Scalar[] | { readonly ofSubject: string }>>;

export interface ModelList {
  readonly of: number;
  readonly where: ModelWhere;
  readonly orderBy: readonly string[];
  readonly perPage: number;
}

/** The fields that are printed of an entity; `"exists"`: only whether it does. */
export type Use = readonly string[] | "all" | "exists";

/** One thing that `load` reads. What is `ofSubject` falls back to nothing where the subject isn't an entity. */
export type Step =
  | {
      readonly read: "get";
      readonly type: number;
      readonly id: string | { readonly ofSubject: string } | { readonly ofLast: string };
      readonly use: Use;
      /** Done only if the entity's flag is set. */
      readonly then?: Step;
    }
  | { readonly read: "getMany"; readonly type: number; readonly ids: readonly string[]; readonly use: Use }
  | {
      readonly read: "list";
      readonly type: number;
      readonly where: ModelWhere;
      readonly orderBy: readonly string[];
      readonly limit?: number;
      readonly use: Use;
    }
  | { readonly read: "count"; readonly type: number; readonly where: ModelWhere }
  | { readonly read: "values"; readonly type: number; readonly field: string; readonly isCounted: boolean }
  | { readonly read: "now"; readonly step: "hour" | "day"; readonly zone: string }
  /** Throws when the subject, or the last entity that was read, has this value. */
  | { readonly read: "throwIf"; readonly of: "subject" | "last"; readonly field: string; readonly is: Scalar };

/** One thing that a template prints. */
export type Print =
  | { readonly print: "subject"; readonly use: Use }
  | { readonly print: "items"; readonly use: Use }
  | { readonly print: "total" | "pages" | "number" | "first" | "prev" | "next" | "last" }
  | {
      readonly print: "link";
      readonly route: number;
      /** What is linked to where it fits; else `literal`. */
      readonly subject: "subject" | "items" | "kind" | "literal";
      readonly literal: Scalar;
      readonly page: number;
    };

export interface ModelRoute {
  readonly each: "one" | { readonly type: number } | { readonly type: number; readonly field: string };
  readonly prefix: string;
  /** Of an entity's page: the field that its path is made of. */
  readonly named: "id" | "slug";
  /** Whether an entity with a set flag is a draft. */
  readonly hasDrafts: boolean;
  readonly shape: "folder" | "file" | "bare";
  /** Whether its entities' ranks tell their days, for the sitemap. */
  readonly isDated: boolean;
  readonly list: ModelList | undefined;
  readonly steps: readonly Step[];
  /** Whether `load` makes the texts, rather than the template. */
  readonly isEarly: boolean;
  readonly template: "eta" | "json" | "function";
  /** Two versions of the template. */
  readonly prints: readonly (readonly Print[])[];
}

export const typeName = (number: number): string => `type${number}`;
export const routeName = (number: number): string => ["r", "r+x", "r#1", "r/2", "r-3"][number] ?? `r${number}`;

function isEntity(value: unknown): value is EntityData {
  return typeof value === "object" && value !== null;
}

const isScalar = (value: unknown): value is Scalar => ["string", "number", "boolean"].includes(typeof value);

/** Prints an entity, reading nothing of it but what is used. */
function shown(entity: unknown, use: Use): string {
  if (!isEntity(entity)) return entity === undefined ? "-" : JSON.stringify(entity);
  if (use === "exists") return "+";
  if (use === "all") return JSON.stringify(entity);
  return JSON.stringify(use.map((field) => entity[field] ?? null));
}

function conditionOf(where: ModelWhere, subject: unknown): Record<string, Scalar | readonly Scalar[]> {
  const condition: Record<string, Scalar | readonly Scalar[]> = {};
  for (const [field, wanted] of Object.entries(where)) {
    if (typeof wanted === "object" && "ofSubject" in wanted) {
      const value = isEntity(subject) ? subject[wanted.ofSubject] : subject;
      condition[field] = isScalar(value) ? value : Array.isArray(value) ? value.filter(isScalar) : "none";
    } else condition[field] = wanted;
  }
  return condition;
}

/** `Read` as it is when it knows no types. */
interface LooseRead {
  get(type: string, id: unknown): Promise<EntityData | undefined>;
  getMany(type: string, ids: readonly string[]): Promise<readonly EntityData[]>;
  list(type: string, query: object): Promise<readonly EntityData[]>;
  count(type: string, where: object): Promise<number>;
  values(type: string, field: string): Promise<readonly { readonly value: Scalar; readonly count: number }[]>;
  now(step: string, zone: string): Date;
}

class Loading {
  readonly parts: (() => string)[] = [];
  readonly #read: LooseRead;
  readonly #subject: unknown;
  readonly #typeOf: (type: number) => string;
  #last: EntityData | undefined;

  constructor(read: LooseRead, subject: unknown, typeOf: (type: number) => string) {
    this.#read = read;
    this.#subject = subject;
    this.#typeOf = typeOf;
  }

  async take(step: Step): Promise<void> {
    const read = this.#read;
    switch (step.read) {
      case "get": {
        const entity = await read.get(this.#typeOf(step.type), this.#idOf(step.id));
        this.parts.push(() => shown(entity, step.use));
        this.#last = entity;
        if (step.then !== undefined && entity?.["flag"] === true) await this.take(step.then);
        break;
      }
      case "getMany": {
        const entities = await read.getMany(this.#typeOf(step.type), step.ids);
        this.parts.push(() => entities.map((entity) => shown(entity, step.use)).join(" "));
        break;
      }
      case "list": {
        const { orderBy, limit } = step;
        const where = conditionOf(step.where, this.#subject);
        const query = { where, orderBy, ...(limit === undefined ? {} : { limit }) };
        const rows = await read.list(this.#typeOf(step.type), query);
        this.parts.push(() => rows.map((row) => shown(row, step.use)).join(" "));
        this.#last = rows[0];
        break;
      }
      case "count": {
        const count = await read.count(this.#typeOf(step.type), conditionOf(step.where, this.#subject));
        this.parts.push(() => String(count));
        break;
      }
      case "values": {
        const values = await read.values(this.#typeOf(step.type), step.field);
        this.parts.push(() =>
          JSON.stringify(values.map(({ value, count }) => (step.isCounted ? [value, count] : value))),
        );
        break;
      }
      case "now": {
        const now = read.now(step.step, step.zone);
        this.parts.push(() => now.toISOString());
        break;
      }
      case "throwIf": {
        const of = step.of === "subject" ? this.#subject : this.#last;
        this.parts.push(() => {
          if (isEntity(of) && of[step.field] === step.is) throw new Error(`${step.field} is ${String(step.is)}`);
          return "";
        });
        break;
      }
    }
  }

  #idOf(id: (Step & { readonly read: "get" })["id"]): unknown {
    if (typeof id === "string") return id;
    const from = "ofSubject" in id ? this.#subject : this.#last;
    const value = isEntity(from) ? from["ofSubject" in id ? id.ofSubject : id.ofLast] : undefined;
    return typeof value === "string" ? value : undefined;
  }
}

/** The JavaScript that prints one thing, over `it`. */
function expressionOf(print: Print, route: ModelRoute, model: ModelSite): string {
  switch (print.print) {
    case "subject":
      return `it.shown(it.subject, ${JSON.stringify(print.use)})`;
    case "items":
      return `(it.pager?.items ?? []).map((row) => it.shown(row, ${JSON.stringify(print.use)})).join(" ")`;
    case "total":
    case "pages":
    case "number":
    case "first":
    case "prev":
    case "next":
    case "last":
      return `String(it.pager?.${print.print})`;
    case "link":
      return linkExpression(print, route, model);
  }
}

function linkExpression(print: Print & { readonly print: "link" }, route: ModelRoute, model: ModelSite): string {
  const to = print.route % model.routes.length;
  const { each } = model.routes[to] ?? route;
  const call = (subject: string): string =>
    `(it.link(${JSON.stringify(routeName(to))}, ${subject}, ${print.page}) ?? "-")`;
  if (each === "one") return call("undefined");
  const own = route.each === "one" ? undefined : route.each;
  const isOwnEntity = own !== undefined && !("field" in own);
  if (!("field" in each)) {
    if (print.subject === "subject" && isOwnEntity && own.type === each.type) return call("it.subject");
    if (print.subject === "items" && route.list?.of === each.type) {
      return `it.pager.items.map((row) => ${call("row")}).join(" ")`;
    }
    return call(JSON.stringify(String(print.literal)));
  }
  if (print.subject === "subject" && own !== undefined && "field" in own) return call("it.subject");
  if (print.subject === "kind" && isOwnEntity) return call("it.scalar(it.subject.kind)");
  return call(JSON.stringify(print.literal));
}

function pathOf(route: ModelRoute, subject: unknown): string | null {
  const folder = route.prefix === "" ? "/" : `/${route.prefix}/`;
  const name = nameOf(route, subject);
  if (name === undefined) return null;
  if (name === "throw") throw new Error("no path");
  if (route.list !== undefined) return `${folder}${name}/`;
  if (route.shape === "file") return `${folder}${name}.html`;
  return /\.[^/]*$/.test(name) ? folder + name : `${folder}${name}/`;
}

function nameOf(route: ModelRoute, subject: unknown): string | undefined {
  if (!isEntity(subject)) return slug(String(subject));
  if (route.hasDrafts && subject["flag"] === true) return undefined;
  if (route.named === "id") return slug(subject.id);
  const given = subject["slug"];
  return typeof given === "string" ? given : undefined;
}

/**
 * The site of a model, with each route's template in one of its versions.
 * @throws when the model makes a site that `checkSite` refuses
 */
export function siteOf(model: ModelSite, versions: readonly number[]): TestedSite {
  const typeOf = (type: number): string => typeName(type % model.types.length);
  const types = Object.fromEntries(
    model.types.map(({ index }, number) => [typeName(number), { schema: unchecked(), index }]),
  );
  const files = new Map<string, Uint8Array>();
  const fingerprints = new Map<string, string>();
  const routes: Record<string, unknown> = {};
  for (const [number, given] of model.routes.entries()) {
    const route = withinTypes(given, model.types.length);
    const version = versions[number] ?? 0;
    const prints = route.prints[version % route.prints.length] ?? [];
    const expressions = prints.map((print) => expressionOf(print, route, model));
    const lines = ["<%= it.path %>", "<%= it.body() %>", ...expressions.map((expression) => `<%= ${expression} %>`)];
    files.set(`t${number}`, Buffer.from(`<p>\n${lines.join("\n")}\n</p>`));
    fingerprints.set(routeName(number), JSON.stringify([model, route.template === "eta" ? prints : []]));
    const { each, list, isDated } = route;
    routes[routeName(number)] = {
      ...(each === "one"
        ? { path: onePath(route) }
        : {
            each: "field" in each ? { type: typeOf(each.type), field: each.field } : typeOf(each.type),
            path: (subject: unknown) => pathOf(route, subject),
          }),
      ...(list === undefined
        ? {}
        : {
            list: {
              of: typeOf(list.of),
              where: (subject: unknown) => conditionOf(list.where, subject),
              orderBy: list.orderBy,
              perPage: list.perPage,
            },
          }),
      load: async (read: LooseRead, subject: unknown, pager: unknown) => {
        const loading = new Loading(read, subject, typeOf);
        for (const step of route.steps) await loading.take(step);
        const { parts } = loading;
        const early = route.isEarly || route.template === "json" ? parts.map((part) => part()) : undefined;
        if (route.template === "json") return { early, pager };
        const scalar = (value: unknown): unknown => (isScalar(value) ? value : undefined);
        const body = (): string => (early ?? parts.map((part) => part())).join("\n");
        return { subject, pager, shown, scalar, body };
      },
      ...(isDated ? { updated } : {}),
      template: route.template === "json" ? json : route.template === "eta" ? `t${number}` : functionTemplate,
    };
  }
  const checked = checkSite({
    url: "https://site.example/base",
    source: { kind: "files", dir: "data/" },
    entities: { types },
    routes,
  });
  if (!("site" in checked)) throw new Error(`the model is no site: ${JSON.stringify(checked.problems)}`);
  const renderer = createEtaRenderer({ files });
  return { site: checked.site, renderer, fingerprints, fingerprint: JSON.stringify(model.types) };
}

/** Only a few ranks are the day of some month. */
function updated(subject: unknown): string | undefined {
  const rank = isEntity(subject) ? subject["rank"] : undefined;
  return typeof rank === "number" && Number.isInteger(rank) && rank > 0
    ? `2024-01-${String(rank).padStart(2, "0")}`
    : undefined;
}

function functionTemplate(props: { readonly body: () => string; readonly path: string }): Html {
  return raw(`${props.path}\n${props.body()}`);
}

function onePath(route: ModelRoute): string {
  if (route.list !== undefined || route.shape === "folder") return route.prefix === "" ? "/" : `/${route.prefix}/`;
  return `/${route.prefix === "" ? "start" : route.prefix}${route.shape === "file" ? ".html" : ".xml"}`;
}

function withinTypes(route: ModelRoute, types: number): ModelRoute {
  const { each, list } = route;
  return {
    ...route,
    each: each === "one" ? each : { ...each, type: each.type % types },
    list: list === undefined ? undefined : { ...list, of: list.of % types },
  };
}
