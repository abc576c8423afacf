// The pages of the package catalogue with what each shows, from the same records as rekiln's.
const { createHash } = require("node:crypto");
const { readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

const PER_PAGE = 100;
const SITE = { url: "https://packages.example", base: "" };

const byBytes = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const by =
  (key, sign = 1) =>
  (a, b) =>
    sign * ((a[key] ?? -1) < (b[key] ?? -1) ? -1 : (a[key] ?? -1) > (b[key] ?? -1) ? 1 : 0) || byBytes(a.id, b.id);
const prefixOf = (name) => name.slice(0, name.startsWith("lib") ? 4 : 2);
const tagPath = (tag) => tag.replace("::", "/").replaceAll(":", "-");

function read(type) {
  const { data } = JSON.parse(readFileSync(join(__dirname, "paths.json"), "utf8"));
  return readFileSync(join(data, `${type}.ndjson`), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function group(items, keysOf) {
  const groups = new Map();
  for (const item of items)
    for (const key of keysOf(item)) (groups.get(key) ?? groups.set(key, []).get(key)).push(item);
  return groups;
}

const counts = (groups) =>
  [...groups].map(([value, items]) => ({ value, count: items.length })).sort((a, b) => byBytes(a.value, b.value));
const slug = (text) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

const paths = {
  home: () => "/",
  packages: () => "/packages/",
  sources: () => "/sources/",
  maintainers: () => "/maintainers/",
  sections: () => "/sections/",
  tags: () => "/tags/",
  feed: () => "/feed.xml",
  package: (data) => `/packages/${data.id ?? data}/`,
  source: (data) => `/sources/${data.id ?? data}/`,
  maintainer: (data) => `/maintainers/${data.id ?? data}/`,
  prefix: (value) => `/names/${value}/`,
  section: (value) => `/sections/${slug(value)}/`,
  tag: (value) => `/tags/${tagPath(value)}/`,
};
const encode = (path) => encodeURI(path).replaceAll("%25", "%");
const link = (route, subject, page = 1) => encode(paths[route](subject)) + (page > 1 ? `${page}/` : "");

const hashed = new Map();
for (const file of readdirSync(join(__dirname, "static"))) {
  const hash = createHash("sha256")
    .update(readFileSync(join(__dirname, "static", file)))
    .digest("hex")
    .slice(0, 16);
  hashed.set(file, `/${file.replace(/\.([^.]+)$/, `.${hash}.$1`)}`);
}
const asset = (file) => hashed.get(file);

exports.propsOf = ({ path, props }) => ({ ...props, site: SITE, path, link, asset });

function* listed(template, path, items, perPage, props) {
  const pages = Math.max(1, Math.ceil(items.length / perPage));
  const at = (number) => encode(number === 1 ? path : `${path}${number}/`);
  for (let number = 1; number <= pages; number++) {
    const pager = {
      items: items.slice((number - 1) * perPage, number * perPage),
      number,
      pages,
      total: items.length,
      first: at(1),
      last: at(pages),
      prev: number > 1 ? at(number - 1) : undefined,
      next: number < pages ? at(number + 1) : undefined,
    };
    const here = number === 1 ? path : `${path}${number}/`;
    yield { template, path: encode(here), file: `${here}index.html`, props: props(pager) };
  }
}

exports.pages = () => {
  const none = {
    tags: [],
    depends: [],
    recommends: [],
    suggests: [],
    homepage: null,
    description: null,
    installedSize: null,
  };
  const packages = read("package")
    .map((data) => ({ ...none, ...data }))
    .sort(by("id"));
  const sources = read("source")
    .map((data) => ({ ...data, stableUpdates: Number(/.*[+~]deb\d+u(\d+)/.exec(data.version)?.[1] ?? 0) }))
    .sort(by("id"));
  const maintainers = read("maintainer").sort(by("name"));
  const releases = read("release").sort(by("date", -1)).slice(0, 1);
  const known = new Map(packages.map((data) => [data.id, data]));
  const sourceOf = new Map(sources.map((data) => [data.id, data]));
  const maintainerOf = new Map(maintainers.map((data) => [data.id, data]));
  const dependants = group(packages, ({ depends }) => new Set(depends));
  const prefixes = group(packages, ({ id }) => [prefixOf(id)]);
  const sections = group(packages, ({ section }) => [section]);
  const tags = group(packages, (data) => new Set(data.tags));
  const bySource = group(packages, ({ source }) => [source]);
  const byMaintainer = group(packages, ({ maintainer }) => [maintainer]);
  const updated = [...sources].sort(by("stableUpdates", -1));
  const one = (template, path, props) => ({
    template,
    path,
    file: path.endsWith("/") ? `${path}index.html` : path,
    props,
  });
  const pages = [
    one("home", "/", {
      releases,
      packages: packages.length,
      sources: sources.length,
      maintainers: maintainers.length,
      sections: counts(sections),
      updated: updated.slice(0, 12),
      largest: [...packages].sort(by("installedSize", -1)).slice(0, 12),
    }),
    one("packages", "/packages/", { prefixes: counts(prefixes) }),
    one("sections", "/sections/", { sections: counts(sections) }),
    one("tags", "/tags/", { tags: counts(tags) }),
    one("feed.xml", "/feed.xml", { releases, updated: updated.slice(0, 30) }),
    one("404", "/404.html", {}),
    ...listed("sources", "/sources/", sources, 200, (pager) => ({ pager })),
    ...listed("maintainers", "/maintainers/", maintainers, 200, (pager) => ({ pager })),
  ];
  for (const data of packages) {
    const facts = {
      source: sourceOf.get(data.source),
      maintainer: maintainerOf.get(data.maintainer),
      known: new Set([...data.depends, ...data.recommends, ...data.suggests].filter((name) => known.has(name))),
    };
    pages.push(
      ...listed("package", paths.package(data), dependants.get(data.id) ?? [], PER_PAGE, (pager) => ({
        data,
        pager,
        facts: pager.number > 1 ? null : facts,
      })),
    );
  }
  for (const data of sources) {
    pages.push(
      ...listed("source", paths.source(data), bySource.get(data.id) ?? [], PER_PAGE, (pager) => ({
        data,
        pager,
        maintainer: maintainerOf.get(data.maintainer),
      })),
    );
  }
  for (const data of maintainers)
    pages.push(
      ...listed("maintainer", paths.maintainer(data), byMaintainer.get(data.id) ?? [], PER_PAGE, (pager) => ({
        data,
        pager,
      })),
    );
  for (const [route, groups] of [
    ["prefix", prefixes],
    ["section", sections],
    ["tag", tags],
  ]) {
    for (const [subject, items] of groups)
      pages.push(...listed(route, paths[route](subject), items, PER_PAGE, (pager) => ({ subject, pager })));
  }
  for (const [prefix, items] of prefixes)
    pages.push({ ...one("json", `/search/${prefix}.json`, { names: items.map(({ id }) => id) }) });
  return pages;
};
