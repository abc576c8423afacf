import type { EntityData, EntityModel } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { suggest } from "../site/check-object.ts";
import type { ValueCount } from "../source/source.ts";
import type { PageReader } from "./page-reader.ts";

const LIST_KEYS = ["where", "orderBy", "limit"];
const STEPS = ["minute", "hour", "day"];
const SHOWN_MAX = 60;

type Given = Readonly<Record<string, unknown>>;

/**
 * `read` as a route's `load` is given it: what it is asked is checked first, since a config may be written without types. Each error
 * names the route and the call, and says what to write.
 */
export class CheckedRead {
  readonly #reader: PageReader;
  readonly #models: ReadonlyMap<string, EntityModel>;
  readonly #route: string;

  constructor(reader: PageReader, models: ReadonlyMap<string, EntityModel>, route: string) {
    this.#reader = reader;
    this.#models = models;
    this.#route = route;
  }

  async get(type: string, id: string | undefined): Promise<EntityData | undefined> {
    this.#type("get", type);
    if (id !== undefined && id !== null) this.#id("get", type, id);
    return this.#reader.get(type, id);
  }

  async getMany(type: string, ids: readonly string[]): Promise<readonly EntityData[]> {
    this.#type("getMany", type);
    if (!Array.isArray(ids))
      this.#fail(
        "getMany",
        `was given ${shown(ids)} as ids`,
        `write read.getMany(${shown(type)}, ids) with an array of ids`,
      );
    for (const id of ids) this.#id("getMany", type, id);
    return this.#reader.getMany(type, ids);
  }

  async list(type: string, query: Parameters<PageReader["list"]>[1] = {}): Promise<readonly EntityData[]> {
    const { index } = this.#type("list", type);
    const given: Given = this.#object(
      "list",
      query,
      'write read.list("film", { where: { … }, orderBy: "-rating", limit: 10 })',
    );
    this.#keys("list", given, LIST_KEYS, "options");
    this.#where("list", type, index, given["where"]);
    const { orderBy } = query;
    for (const order of orderBy === undefined ? [] : [orderBy].flat()) {
      if (typeof order !== "string")
        this.#fail("list", `orders by ${shown(order)}`, 'write the name of a field, or "-name" for the reverse order');
      const field = order.replace(/^-/, "");
      if (field !== "id") this.#field("list", type, index, field);
    }
    return this.#reader.list(type, query);
  }

  async count(type: string, where?: Parameters<PageReader["count"]>[1]): Promise<number> {
    this.#where("count", type, this.#type("count", type).index, where);
    return this.#reader.count(type, where);
  }

  async values(type: string, field: string): Promise<readonly ValueCount[]> {
    this.#field("values", type, this.#type("values", type).index, field);
    return this.#reader.values(type, field);
  }

  now(step: Parameters<PageReader["now"]>[0], timeZone?: string): Date {
    if (!STEPS.includes(step))
      this.#fail("now", `has no step ${shown(step)}`, `write one of ${STEPS.map(shown).join(", ")}`);
    return this.#reader.now(step, timeZone);
  }

  until(time: Date | string): boolean {
    return this.#reader.until(time);
  }

  #type(call: string, type: unknown): EntityModel {
    const model = typeof type === "string" ? this.#models.get(type) : undefined;
    return (
      model ??
      this.#fail(
        call,
        `there is no entity type ${shown(type)}`,
        suggest(String(type), this.#models.keys(), "entity types"),
      )
    );
  }

  #id(call: string, type: string, id: unknown): void {
    if (typeof id === "string") return;
    const hint =
      typeof id === "number"
        ? `ids are texts: write ${shown(String(id))}`
        : "give the id, a text; undefined finds nothing";
    this.#fail(call, `was given ${shown(id)} as the id of a ${type}`, hint);
  }

  #where(call: string, type: string, index: readonly string[], where: unknown): void {
    if (where === undefined) return;
    const given = this.#object(call, where, 'write { genres: "drama" }, with an array for any of several values');
    for (const [field, wanted] of Object.entries(given)) {
      this.#field(call, type, index, field);
      for (const value of Array.isArray(wanted) ? wanted : [wanted]) {
        if (value === undefined || ["string", "number", "boolean"].includes(typeof value)) continue;
        this.#fail(
          call,
          `asks for ${field} ${shown(value)}`,
          "give a text, a number, true or false, or an array of these",
        );
      }
    }
  }

  #field(call: string, type: string, index: readonly string[], field: unknown): void {
    if (typeof field === "string" && index.includes(field)) return;
    const near = suggest(String(field), index, "indexed fields");
    this.#fail(call, `${shown(field)} isn't indexed`, `add it to the index of ${type} in defineEntities, or ${near}`);
  }

  #object(call: string, value: unknown, hint: string): Given {
    // A JSON object has any names.
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Given;
    return this.#fail(call, `was given ${shown(value)}`, hint);
  }

  #keys(call: string, given: Given, known: readonly string[], what: string): void {
    for (const key of Object.keys(given)) {
      if (!known.includes(key)) this.#fail(call, `has no option ${shown(key)}`, suggest(key, known, what));
    }
  }

  #fail(call: string, message: string, hint: string): never {
    throw new RekilnError({
      code: "read-arguments",
      message: `routes.${this.#route}.load: read.${call}: ${message} — ${hint}.`,
      disposition: "discard",
    });
  }
}

function shown(value: unknown): string {
  // Undefined and functions have no JSON.
  const text = (JSON.stringify(value) as string | undefined) ?? typeof value;
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
