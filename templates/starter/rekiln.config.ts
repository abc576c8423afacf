import { defineEntities, defineSite, entity, files, slug } from "rekiln";
import { z } from "zod";

import { markdown } from "./markdown.ts";

const entities = defineEntities({
  // One line of data/body.ndjson.
  body: entity(
    z.object({
      id: z.string(),
      name: z.string(),
      kind: z.enum(["planet", "dwarf planet", "moon"]),
      parent: z.string().nullable(), // the body that a moon goes around
      radius: z.number(), // km, mean
      orbit: z.number(), // days
      discovered: z.number().nullable(), // the year; null when it was always known
      discoverer: z.string().nullable(), // the id of a person
      color: z.string().regex(/^#[0-9a-f]{6}$/),
      tags: z.array(z.string()),
      added: z.iso.date(), // to this guide
      summary: z.string(),
      text: z.string(), // Markdown
      draft: z.boolean().default(false),
    }),
    // What lists filter, sort or group by.
    { index: ["kind", "parent", "radius", "discoverer", "tags", "added", "draft"] },
  ),
  person: entity(
    z.object({ id: z.string(), name: z.string(), born: z.number(), died: z.number().nullable(), note: z.string() }),
  ),
});
const { route, distinct } = entities;

export default defineSite({
  url: "https://example.com",
  source: files("data/"),
  entities,
  routes: {
    home: route({
      path: "/",
      load: async (read) => ({
        planets: await read.list("body", { where: { kind: "planet", draft: false }, orderBy: "-radius" }),
        newest: await read.list("body", { where: { draft: false }, orderBy: "-added", limit: 6 }),
        bodies: await read.count("body", { draft: false }),
      }),
      template: "home",
    }),
    bodies: route({
      path: "/bodies/",
      list: { of: "body", where: () => ({ draft: false }), orderBy: "-radius", perPage: 12 },
      template: "bodies",
    }),
    body: route({
      each: "body",
      path: (body) => (body.draft ? null : `/bodies/${body.id}/`), // null: a draft has no page
      load: async (read, body) => ({
        body,
        text: markdown(body.text),
        parent: await read.get("body", body.parent ?? undefined),
        moons: await read.list("body", { where: { parent: body.id, draft: false }, orderBy: "-radius" }),
        discoverer: await read.get("person", body.discoverer ?? undefined),
      }),
      template: "body",
      updated: (body) => body.added, // lastmod in the sitemap
    }),
    tag: route({
      each: distinct("body", "tags"),
      path: (tag) => `/tags/${slug(tag)}/`,
      list: { of: "body", where: (tag) => ({ tags: tag, draft: false }), orderBy: "-radius", perPage: 12 },
      template: "tag",
    }),
    tags: route({
      path: "/tags/",
      load: async (read) => ({ tags: await read.values("body", "tags") }),
      template: "tags",
    }),
    person: route({
      each: "person",
      path: (person) => `/people/${person.id}/`,
      load: async (read, person) => ({
        person,
        found: await read.list("body", { where: { discoverer: person.id, draft: false }, orderBy: "added" }),
      }),
      template: "person",
    }),
    feed: route({
      path: "/feed.xml",
      load: async (read) => {
        const newest = await read.list("body", { where: { draft: false }, orderBy: "-added", limit: 20 });
        return { entries: newest.map((body) => ({ body, text: markdown(body.text) })) };
      },
      template: "feed.xml",
    }),
    notFound: route({ path: "/404.html", template: "404" }),
  },
});
