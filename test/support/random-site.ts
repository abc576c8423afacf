import * as fc from "fast-check";

import type { Scalar } from "../../src/core/read.ts";
import type { Edit, History } from "./site-history.ts";
import type { ModelList, ModelRoute, ModelSite, ModelWhere, Print, Step, Use } from "./model-site.ts";

/** Few, so that edits hit what is there; some could trip something over, and none stands in its order. */
const IDS = ["b", "a", "10", "9", "", "__proto__", "24/7"];
const RARE_IDS = ["a.m.", "constructor", "😀", "c#2", "x--y-", "é", "d", "long ".repeat(60)];
const KINDS: readonly Scalar[] = ["x", "y", "X", 1, "1", true, ""];
const RANKS = [1, 2, 3, 10, 9, -1, 1.5, "10", false, null, [3, 1], []] as const;
const SLUGS = ["s1", "S1", "s2", "s3", "x.y", "x.y/z", "2", "3", "p", null] as const;
/** Where sitemaps would stand, and below. */
const RARE_SLUGS = ["sitemap.xml", "Sitemap.xml", "sitemap-r-1.xml", "sitemap.xml/z", "sitemap-r-1.2.xml/z"] as const;
/** Fields that every index has, in some order; others come to it or don't. */
const LISTED = ["kind", "tags", "rank"] as const;
const FIELDS = ["kind", "tags", "rank", "title", "slug", "flag", "ref"] as const;

const type = fc.constantFrom(0, 1, 0, 2);
const id = fc.oneof(
  { arbitrary: fc.constantFrom(...IDS), weight: 9 },
  { arbitrary: fc.constantFrom(...RARE_IDS), weight: 1 },
);
const kind = fc.constantFrom(...KINDS);
const listed = fc.constantFrom(...LISTED);

const fields = fc.record(
  {
    kind: fc.oneof({ arbitrary: kind, weight: 6 }, { arbitrary: fc.constant(null), weight: 1 }),
    tags: fc.oneof(
      { arbitrary: fc.array(kind, { maxLength: 3 }), weight: 6 },
      { arbitrary: fc.oneof(kind, fc.constant(null)), weight: 1 },
    ),
    rank: fc.constantFrom(...RANKS),
    title: fc.constantFrom("one", "two", "<three>"),
    slug: fc.oneof(
      { arbitrary: fc.constantFrom(...SLUGS), weight: 30 },
      { arbitrary: fc.constantFrom("throw", "a//b", ".dot"), weight: 1 },
      { arbitrary: fc.constantFrom(...RARE_SLUGS), weight: 1 },
    ),
    flag: fc.boolean(),
    ref: id,
    note: fc.nat({ max: 9 }),
  },
  { requiredKeys: [] },
);

const use: fc.Arbitrary<Use> = fc.oneof(
  { arbitrary: fc.subarray([...FIELDS], { minLength: 0, maxLength: 3 }), weight: 8 },
  { arbitrary: fc.constantFrom<Use>("exists", "all", ["id"]), weight: 2 },
);

const wanted: fc.Arbitrary<ModelWhere[string]> = fc.oneof(
  { arbitrary: kind, weight: 6 },
  { arbitrary: fc.array(kind, { maxLength: 3 }), weight: 3 },
  { arbitrary: fc.constantFrom("kind", "tags").map((ofSubject) => ({ ofSubject })), weight: 4 },
);
const where: fc.Arbitrary<ModelWhere> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 2 },
  { arbitrary: fc.tuple(listed, wanted).map(([field, value]) => ({ [field]: value })), weight: 4 },
  {
    arbitrary: fc
      .tuple(fc.uniqueArray(listed, { minLength: 2, maxLength: 3 }), fc.tuple(wanted, wanted, wanted))
      .map(([names, values]) => Object.fromEntries(names.map((name, index) => [name, values[index] ?? "x"]))),
    weight: 2,
  },
);
const orderBy = fc.uniqueArray(fc.constantFrom("rank", "-rank", "kind", "-kind", "-tags", "id", "-id"), {
  maxLength: 3,
  selector: (field) => field.replace("-", ""),
});

const step: fc.Arbitrary<Step> = fc.letrec<{ step: Step; get: Step }>((tie) => ({
  get: fc.record(
    {
      read: fc.constant("get" as const),
      type,
      id: fc.oneof(
        id,
        fc.constant({ ofSubject: "ref" }),
        fc.constant({ ofSubject: "id" }),
        fc.constant({ ofLast: "ref" }),
      ),
      use,
      then: tie("step"),
    },
    { requiredKeys: ["read", "type", "id", "use"] },
  ) as fc.Arbitrary<Step>,
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      arbitrary: fc.record({ read: fc.constant("count" as const), type, where }),
      weight: 2,
    },
    {
      arbitrary: fc.record(
        {
          read: fc.constant("list" as const),
          type,
          where,
          orderBy,
          limit: fc.nat({ max: 4 }),
          use,
        },
        { requiredKeys: ["read", "type", "where", "orderBy", "use"] },
      ) as fc.Arbitrary<Step>,
      weight: 6,
    },
    { arbitrary: tie("get"), weight: 5 },
    {
      arbitrary: fc.record({
        read: fc.constant("getMany" as const),
        type,
        ids: fc.array(id, { maxLength: 3 }),
        use,
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        read: fc.constant("values" as const),
        type,
        field: listed,
        isCounted: fc.boolean(),
      }),
      weight: 2,
    },
    {
      arbitrary: fc.record({
        read: fc.constant("now" as const),
        step: fc.constantFrom("hour" as const, "day" as const),
        zone: fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kathmandu"),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        read: fc.constant("throwIf" as const),
        of: fc.constantFrom("subject" as const, "last" as const),
        field: fc.constantFrom("title", "kind", "flag"),
        is: fc.constantFrom("one", "x", true),
      }),
      weight: 1,
    },
  ) as fc.Arbitrary<Step>,
})).step;

const print: fc.Arbitrary<Print> = fc.oneof(
  { arbitrary: fc.record({ print: fc.constant("subject" as const), use }), weight: 3 },
  { arbitrary: fc.record({ print: fc.constant("items" as const), use }), weight: 4 },
  {
    arbitrary: fc.record({
      print: fc.constantFrom("total", "pages", "number", "first", "prev", "next", "last"),
    }) as fc.Arbitrary<Print>,
    weight: 4,
  },
  {
    arbitrary: fc.record({
      print: fc.constant("link" as const),
      route: fc.nat({ max: 4 }),
      subject: fc.constantFrom("subject", "items", "kind", "literal"),
      literal: fc.oneof(kind, id),
      page: fc.oneof(
        { arbitrary: fc.constant(1), weight: 2 },
        { arbitrary: fc.integer({ min: 2, max: 4 }), weight: 1 },
      ),
    }) as fc.Arbitrary<Print>,
    weight: 4,
  },
);
/** One that reads of a list only how many pages it has touches nothing else of it. */
const prints: fc.Arbitrary<readonly Print[]> = fc.oneof(
  { arbitrary: fc.array(print, { maxLength: 4 }), weight: 3 },
  {
    arbitrary: fc.constantFrom<readonly Print[]>([{ print: "pages" }], [{ print: "next" }, { print: "last" }]),
    weight: 1,
  },
);

const list: fc.Arbitrary<ModelList> = fc.record({
  of: type,
  where,
  orderBy: orderBy.filter((fields) => fields.length > 0),
  perPage: fc.integer({ min: 1, max: 3 }),
});

const route: fc.Arbitrary<ModelRoute> = fc.record({
  each: fc.oneof(
    { arbitrary: fc.constant("one" as const), weight: 2 },
    { arbitrary: fc.record({ type }), weight: 4 },
    { arbitrary: fc.record({ type, field: listed }), weight: 3 },
  ),
  prefix: fc.constantFrom("p", "", "", "q", "x.y"),
  named: fc.constantFrom("slug", "id"),
  hasDrafts: fc.boolean(),
  shape: fc.constantFrom("folder", "bare", "file"),
  isDated: fc.boolean(),
  list: fc.oneof(fc.constant(undefined), list),
  steps: fc.array(step, { maxLength: 3 }),
  isEarly: fc.boolean(),
  template: fc.oneof(
    { arbitrary: fc.constant("eta" as const), weight: 8 },
    { arbitrary: fc.constantFrom("json" as const, "function" as const), weight: 2 },
  ),
  prints: fc.tuple(prints, prints),
});

const site: fc.Arbitrary<ModelSite> = fc.record({
  types: fc.array(
    fc.record({
      index: fc
        .tuple(
          fc.shuffledSubarray([...LISTED], { minLength: 3 }),
          fc.subarray(["slug", "ref", "flag"], { maxLength: 1 }),
        )
        .map((names) => names.flat()),
    }),
    { minLength: 1, maxLength: 3, size: "max" },
  ),
  routes: fc.array(route, { minLength: 1, maxLength: 4, size: "max" }),
});

/** With most of its fields. */
const newborn: fc.Arbitrary<Edit> = fc.record({
  edit: fc.constant("put" as const),
  type,
  id,
  fields: fc.tuple(fields, fields, fields).map(([a, b, c]) => ({ ...a, ...b, ...c })),
});
const put: fc.Arbitrary<Edit> = fc.record({ edit: fc.constant("put" as const), type, id: id, fields });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { arbitrary: put, weight: 8 },
  { arbitrary: newborn, weight: 3 },
  {
    arbitrary: fc.record({ edit: fc.constant("delete" as const), type, id: id }),
    weight: 5,
  },
  {
    arbitrary: fc.record({
      edit: fc.constant("swap" as const),
      type,
      id,
      other: id,
      field: fc.constantFrom("slug", "rank", "kind", "tags", "flag"),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      edit: fc.constant("unset" as const),
      type,
      id,
      field: fc.constantFrom(...FIELDS),
    }),
    weight: 1,
  },
  { arbitrary: fc.record({ edit: fc.constant("reorder" as const), type, id }), weight: 1 },
  {
    arbitrary: fc.record({ edit: fc.constant("template" as const), route: fc.nat({ max: 3 }) }),
    weight: 2,
  },
  { arbitrary: fc.record({ edit: fc.constant("config" as const) }), weight: 1 },
  { arbitrary: fc.record({ edit: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 30 }) }), weight: 1 },
  {
    arbitrary: fc.record({
      edit: fc.constantFrom("remove file" as const, "touch file" as const, "alter file" as const),
      nth: fc.nat({ max: 20 }),
    }),
    weight: 1,
  },
  { arbitrary: fc.constant({ edit: "lose mirror" as const }), weight: 1 },
);

/** A site, its first data, and what becomes of both. */
export const randomHistory: fc.Arbitrary<History> = fc.record({
  sites: fc.tuple(site, site),
  initial: fc.array(newborn, { maxLength: 24, size: "max" }),
  batches: fc.array(
    fc.record({
      edits: fc.array(edit, { maxLength: 4, size: "max" }),
      how: fc.oneof(
        { arbitrary: fc.constant("build" as const), weight: 7 },
        { arbitrary: fc.constant("drain" as const), weight: 7 },
        { arbitrary: fc.constant("forced" as const), weight: 1 },
        { arbitrary: fc.constant("one route first" as const), weight: 2 },
        { arbitrary: fc.constant("stopped" as const), weight: 2 },
      ),
      nth: fc.nat({ max: 12 }),
      thenLose: fc.oneof(
        { arbitrary: fc.constant(undefined), weight: 12 },
        { arbitrary: fc.constantFrom("manifest" as const, "state" as const, "record" as const), weight: 1 },
      ),
    }),
    { minLength: 3, maxLength: 6, size: "max" },
  ),
});
