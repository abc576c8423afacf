import { defineEntities, defineSite, directory, entity, files, json, slug } from "rekiln";
import { z } from "zod";

const names = z.array(z.string()).default([]);

/** Groups of names small enough to list: two letters, or for libraries `lib` and one more. */
const prefixOf = (name: string): string => name.slice(0, name.startsWith("lib") ? 4 : 2);

/** 7 for `1.36.0-1+deb12u7`: how often the source was updated in the stable release; 0 when it wasn't. */
const stableUpdatesOf = (version: string): number => Number(/.*[+~]deb\d+u(\d+)/.exec(version)?.[1] ?? 0);

const entities = defineEntities({
  package: entity(
    z
      .object({
        id: z.string(),
        version: z.string(),
        source: z.string(),
        maintainer: z.string(),
        section: z.string(),
        priority: z.string(),
        architecture: z.string(),
        size: z.number(), // bytes to download
        installedSize: z.number().nullable().default(null), // KiB on disk
        homepage: z.string().nullable().default(null),
        tags: names,
        depends: names,
        recommends: names,
        suggests: names,
        description: z.string().nullable().default(null),
      })
      .transform((data) => ({ ...data, prefix: prefixOf(data.id) })),
    { index: ["source", "maintainer", "section", "tags", "depends", "installedSize", "prefix"] },
  ),
  source: entity(
    z
      .object({ id: z.string(), version: z.string(), maintainer: z.string(), section: z.string() })
      .transform((data) => ({ ...data, stableUpdates: stableUpdatesOf(data.version) })),
    { index: ["stableUpdates"] },
  ),
  maintainer: entity(z.object({ id: z.string(), name: z.string() }), { index: ["name"] }),
  release: entity(
    z.object({
      id: z.string(),
      origin: z.string(),
      version: z.string().nullable().default(null),
      date: z.iso.datetime(),
    }),
    { index: ["date"] },
  ),
});
const { route, distinct } = entities;

export default defineSite({
  url: "https://packages.example",
  source: files("data/"),
  store: directory("dist/"),
  entities,
  routes: {
    home: route({
      path: "/",
      load: async (read) => ({
        releases: await read.list("release", { orderBy: "-date", limit: 1 }),
        packages: await read.count("package"),
        sources: await read.count("source"),
        maintainers: await read.count("maintainer"),
        sections: await read.values("package", "section"),
        updated: await read.list("source", { orderBy: "-stableUpdates", limit: 12 }),
        largest: await read.list("package", { orderBy: "-installedSize", limit: 12 }),
      }),
      template: "home",
    }),

    // A package, and below it the packages that depend on it: page 2 and on hold only these.
    package: route({
      each: "package",
      path: (data) => `/packages/${data.id}/`,
      list: { of: "package", where: (data) => ({ depends: data.id }), orderBy: "id", perPage: 100 },
      load: async (read, data, pager) => {
        if (pager.number > 1) return { data, pager, facts: null };
        const source = await read.get("source", data.source);
        const maintainer = await read.get("maintainer", data.maintainer);
        const related = await read.getMany("package", [...data.depends, ...data.recommends, ...data.suggests]);
        return { data, pager, facts: { source, maintainer, known: new Set(related.map((other) => other.id)) } };
      },
      template: "package",
    }),
    packages: route({
      path: "/packages/",
      load: async (read) => ({ prefixes: await read.values("package", "prefix") }),
      template: "packages",
    }),
    prefix: route({
      each: distinct("package", "prefix"),
      path: (prefix) => `/names/${prefix}/`,
      list: { of: "package", where: (prefix) => ({ prefix }), orderBy: "id", perPage: 100 },
      template: "prefix",
    }),

    source: route({
      each: "source",
      path: (data) => `/sources/${data.id}/`,
      list: { of: "package", where: (data) => ({ source: data.id }), orderBy: "id", perPage: 100 },
      load: async (read, data, pager) => ({ data, pager, maintainer: await read.get("maintainer", data.maintainer) }),
      template: "source",
    }),
    sources: route({
      path: "/sources/",
      list: { of: "source", orderBy: "id", perPage: 200 },
      template: "sources",
    }),

    maintainer: route({
      each: "maintainer",
      path: (data) => `/maintainers/${data.id}/`,
      list: { of: "package", where: (data) => ({ maintainer: data.id }), orderBy: "id", perPage: 100 },
      load: (_read, data, pager) => ({ data, pager }),
      template: "maintainer",
    }),
    maintainers: route({
      path: "/maintainers/",
      list: { of: "maintainer", orderBy: "name", perPage: 200 },
      template: "maintainers",
    }),

    section: route({
      each: distinct("package", "section"),
      path: (section) => `/sections/${slug(section)}/`,
      list: { of: "package", where: (section) => ({ section }), orderBy: "id", perPage: 100 },
      template: "section",
    }),
    sections: route({
      path: "/sections/",
      load: async (read) => ({ sections: await read.values("package", "section") }),
      template: "sections",
    }),

    // `implemented-in::c++` is /tags/implemented-in/c++/: slug() would give it the path of `implemented-in::c`.
    tag: route({
      each: distinct("package", "tags"),
      path: (tag) => `/tags/${tag.replace("::", "/").replaceAll(":", "-")}/`,
      list: { of: "package", where: (tag) => ({ tags: tag }), orderBy: "id", perPage: 100 },
      template: "tag",
    }),
    tags: route({
      path: "/tags/",
      load: async (read) => ({ tags: await read.values("package", "tags") }),
      template: "tags",
    }),

    // What static/search.js fetches: the names that begin with the same letters.
    search: route({
      each: distinct("package", "prefix"),
      path: (prefix) => `/search/${prefix}.json`,
      load: async (read, prefix) => {
        const found = await read.list("package", { where: { prefix }, orderBy: "id" });
        return { names: found.map((data) => data.id) };
      },
      template: json,
    }),
    feed: route({
      path: "/feed.xml",
      load: async (read) => ({
        releases: await read.list("release", { orderBy: "-date", limit: 1 }),
        updated: await read.list("source", { orderBy: "-stableUpdates", limit: 30 }),
      }),
      template: "feed.xml",
    }),
    notFound: route({ path: "/404.html", template: "404" }),
  },
});
