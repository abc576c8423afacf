/** The site that `scale-part.ts` builds in several sizes; it copies this folder and makes the data. */
import { defineEntities, defineSite, directory, entity, files, slug } from "rekiln";
import { z } from "zod";

const entities = defineEntities({
  product: entity(
    z.object({
      id: z.string(),
      name: z.string(),
      slug: z.string(),
      category: z.string(),
      series: z.string(),
      brand: z.string(),
      rating: z.number(),
      price: z.number(),
      stock: z.number(),
      tags: z.array(z.string()),
      description: z.string(),
    }),
    { index: ["category", "series", "rating"] },
  ),
  category: entity(z.object({ id: z.string(), name: z.string() })),
});
const { route, distinct } = entities;

export default defineSite({
  url: "https://scale.example",
  source: files("data/"),
  store: directory("dist/"),
  entities,
  routes: {
    product: route({
      each: "product",
      path: (data) => `/products/${data.slug}/`,
      load: async (read, data) => ({
        data,
        category: await read.get("category", data.category),
        related: await read.list("product", { where: { series: data.series }, orderBy: "-rating", limit: 5 }),
      }),
      template: "product",
    }),
    category: route({
      each: "category",
      path: (data) => `/categories/${data.id}/`,
      list: { of: "product", where: (data) => ({ category: data.id }), orderBy: "-rating", perPage: 50 },
      template: "category",
    }),
    series: route({
      each: distinct("product", "series"),
      path: (series) => `/series/${slug(series)}/`,
      list: { of: "product", where: (series) => ({ series }), orderBy: "id", perPage: 50 },
      template: "series",
    }),
    home: route({
      path: "/",
      load: async (read) => ({
        products: await read.count("product"),
        best: await read.list("product", { orderBy: "-rating", limit: 10 }),
      }),
      template: "home",
    }),
  },
});
