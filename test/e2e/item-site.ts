import { TemporarySite } from "../support/temporary-site.ts";

/** An item; its other fields are what a test needs. */
export interface Item {
  readonly id: string;
  readonly slug?: string;
  readonly [field: string]: unknown;
}

const CONFIG = `import { appendFileSync } from "node:fs";
import { z } from "zod";
import { defineEntities, defineSite, entity, files, slug } from "rekiln";

const entities = defineEntities({
  item: entity(z.looseObject({ id: z.string(), title: z.string().default("") }), { index: ["title"] }),
});
const rendered = new URL("rendered.txt", import.meta.url);

export default defineSite({
  url: "https://items.example",
  source: files("data/"),
  entities,
  routes: {
    item: entities.route({
      each: "item",
      path: (item) => item.path ?? \`/items/\${item.slug ?? slug(item.id)}/\`,
      load: (_read, item) => {
        appendFileSync(rendered, \`\${item.id}\\n\`);
        return { item };
      },
      template: "item",
    }),
    home: entities.route({
      path: "/",
      load: async (read) => ({ items: await read.list("item", { orderBy: "title" }) }),
      template: "home",
    }),
  },
});
`;

const HOME = `<!doctype html>
<title>Items</title>
<% for (const item of it.items) { %>
<a href="<%= it.link("item", item) %>"><%= item.title %></a>
<% } %>`;

export const ITEM = `<!doctype html>
<title><%= it.item.title %></title>
`;

/** A site with a page for each item, by \`template\`; `rendered.txt\` gets a line for each that is rendered. */
export function itemSite(items: readonly Item[], template: string = ITEM): TemporarySite {
  const site = new TemporarySite({
    "rekiln.config.ts": CONFIG,
    "templates/item.eta": template,
    "templates/home.eta": HOME,
  });
  site.records("item", items);
  return site;
}

export const itemsOf = (count: number): Item[] =>
  Array.from({ length: count }, (_, index) => ({ id: `i${index}`, title: `Item ${index}` }));
