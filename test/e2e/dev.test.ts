import { once } from "node:events";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";

import { expect, test } from "vitest";
import { z } from "zod";

import { rekiln, Running } from "../support/cli.ts";
import { DevBrowser } from "../support/dev-browser.ts";
import { TemporarySite } from "../support/temporary-site.ts";

const CONFIG = `import { z } from "zod";
import { defineEntities, defineSite, entity, files, html } from "rekiln";
import { titleOf } from "./title.ts";
const entities = defineEntities({
  film: entity(z.object({ id: z.string(), title: z.string(), genre: z.string(), note: z.string().optional() }), { index: ["genre"] }),
});
const { route, distinct } = entities;
export default defineSite({
  url: "https://films.example/base",
  source: files("data/"),
  entities,
  routes: {
    film: route({ each: "film", path: (film) => "/films/" + film.id + "/", template: "film",
      load: async (read, film) => ({ film, title: titleOf(film.title), others: await read.list("film", { where: { genre: film.genre } }) }) }),
    genre: route({ each: distinct("film", "genre"), path: (genre) => "/genres/" + genre + "/", template: "genre",
      list: { of: "film", where: (genre) => ({ genre }), orderBy: "id", perPage: 2 } }),
    literal: route({ path: "/literal/", load: async (read) => ({ films: await read.list("film") }),
      template: ({ films }) => html\`<!doctype html>
        <p>\${films.find((film) => film.id === "4")?.note}</p>\` }),
    endless: route({ path: "/endless/", load: () => { for (;;); }, template: "film" }),
    feed: route({ path: "/feed.xml", template: "feed.xml", load: () => ({}) }),
    notFound: route({ path: "/404.html", template: "404", load: () => ({}) }),
  },
});
`;

function devSite(): TemporarySite {
  const site = new TemporarySite({
    "rekiln.config.ts": CONFIG,
    "title.ts": `export const titleOf = (title: string): string => "The film " + title;\n`,
    "templates/film.eta": `<!doctype html>\n<link rel="stylesheet" href="<%= it.asset("site.css") %>">\n<h1><%= it.title %></h1>\n<p><%= it.others.length %> of <a href="<%= it.link("genre", it.film.genre) %>">its genre</a></p>\n`,
    "templates/genre.eta": `<!doctype html>\n<h1><%= it.subject %></h1><p>page <%= it.pager.number %></p>\n`,
    "templates/feed.xml.eta": `<feed/>`,
    "templates/404.eta": `<!doctype html>\n<h1>nothing here</h1>\n`,
    "static/site.css": "h1 { color: red }",
  });
  site.records("film", FILMS);
  return site;
}

const FILMS = [1, 2, 3, 4, 5].map((id) => ({ id: String(id), title: `F${id}`, genre: id < 4 ? "drama" : "noir" }));

test("pages are rendered when they are asked for, without a build", { timeout: 60_000 }, async () => {
  const site = devSite();
  const dev = await DevBrowser.start(site.folder);
  const page = await dev.load("base/films/2/");
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining("<h1>The film F2</h1>") });
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(page.text).toContain('<script src="/__rekiln/client.js"');
  expect((await dev.load("base/genres/drama/2/")).text).toContain("page 2");
  expect((await dev.load("base/genres/drama/3/")).status).toBe(404);
  expect(await dev.load("base/films/9/")).toMatchObject({ status: 404, text: expect.stringContaining("nothing here") });
  const moved = await dev.load("base/films/2");
  expect([moved.status, moved.headers.get("location")]).toEqual([302, "/base/films/2/"]);
  expect((await dev.load("")).headers.get("location")).toBe("/base/");
  const feed = await dev.load("base/feed.xml");
  expect([feed.text, feed.headers.get("content-type")]).toEqual(["<feed/>", "application/xml; charset=utf-8"]);
  const [, css = ""] = /href="\/(base\/site\.[0-9a-f]{16}\.css)"/.exec(page.text) ?? [];
  expect(await dev.load(css)).toMatchObject({ status: 200, text: "h1 { color: red }" });
  expect(await dev.load("__rekiln/client.js")).toMatchObject({ status: 200 });
  expect(existsSync(join(site.folder, "dist"))).toBe(false);

  const report = z
    .object({ page: z.string(), template: z.string(), reads: z.array(z.object({ use: z.string(), ref: z.string() })) })
    .parse(JSON.parse((await dev.load("__rekiln/report?path=/films/2/")).text));
  expect(report).toMatchObject({ page: "film/2", template: "templates/film.eta" });
  expect(report.reads).toEqual(
    expect.arrayContaining([
      { use: "entity", ref: "film:2{genre,title}" },
      { use: "list", ref: "film[genre=drama]" },
      { use: "exists", ref: "film[genre=drama]" },
      { use: "asset", ref: "static/site.css" },
    ]),
  );
  dev.running.kill("SIGINT");
  expect(await dev.running.ended).toMatchObject({ code: 0 });
});

test("whatever is saved is on the page: data, template, file, module, config, .env", { timeout: 90_000 }, async () => {
  const site = devSite();
  const dev = await DevBrowser.start(site.folder);
  const page = "base/films/2/";
  site.edit("data/film.ndjson", '"F2"', '"Two"');
  await dev.sees(page, /The film Two/);
  // As many editors save: beside it, and then over it.
  const file = join(site.folder, "data/film.ndjson");
  site.write("data/.film.swp", readFileSync(file, "utf8").replace('"Two"', '"Two again"'));
  renameSync(join(site.folder, "data/.film.swp"), file);
  await dev.sees(page, /Two again/);
  site.edit("templates/film.eta", "<h1>", "<h1>New: ");
  await dev.sees(page, /New: The film/);
  const [before] = /site\.[0-9a-f]{16}\.css/.exec((await dev.load(page)).text) ?? [];
  site.write("static/site.css", "h1 { color: blue }");
  await dev.sees(page, new RegExp(`site\\.(?!${before?.slice(5, 21)})[0-9a-f]{16}\\.css`));
  site.edit("title.ts", "The film ", "A picture: ");
  await dev.sees(page, /A picture: Two again/);
  site.edit("rekiln.config.ts", '"/films/"', '"/pictures/"');
  await dev.sees("base/pictures/2/", /A picture: Two again/);
  site.edit("title.ts", '"A picture: "', 'process.env["WORD"] + ": "');
  site.write(".env", "WORD=Film\n");
  await dev.sees("base/pictures/2/", /Film: Two again/);
  site.write(".env", "WORD=Movie\n");
  await dev.sees("base/pictures/2/", /Movie: Two again/);
  // A record more is a page more, and changes the lists.
  site.records("film", [...FILMS, { id: "new", title: "N", genre: "western" }]);
  await dev.sees("base/pictures/new/", /Movie: N/);
  await dev.sees("base/genres/western/", /western/);
});

test("what is broken is said with its place, and goes on when it is mended", { timeout: 90_000 }, async () => {
  const site = devSite();
  const dev = await DevBrowser.start(site.folder);
  const page = "base/films/2/";
  // A template, in the page that uses it.
  site.edit("templates/film.eta", "it.title", "it.titel");
  const failed = await dev.sees(page, /can(?:'|&#39;)t be rendered/);
  for (const part of ["templates/film.eta:3", "film:2", "film/2", '<span class="line here"><b>3</b>']) {
    expect(failed).toContain(part);
  }
  expect((await dev.load(page)).status).toBe(500);
  expect((await dev.load("base/genres/drama/")).status).toBe(200);
  site.edit("templates/film.eta", "it.titel", "it.title");
  await dev.sees(page, /The film F2/);
  // A template that can't be compiled.
  site.edit("templates/genre.eta", "<h1>", "<h1 class=<%= it.subject %>>");
  await dev.sees("base/genres/drama/", /templates\/genre\.eta:2/);
  site.edit("templates/genre.eta", "<h1 class=<%= it.subject %>>", "<h1>");
  await dev.sees("base/genres/drama/", /page 1/);
  // A literal in the config, by its line there.
  expect((await dev.load("base/literal/")).text).toMatch(/rekiln\.config\.ts:19/);
  // The config itself.
  site.edit("title.ts", "export const", "export konst");
  await dev.sees(page, /title\.ts:1/);
  await dev.running.said(/The config can't be used. title\.ts:1/);
  site.edit("title.ts", "export konst", "export const");
  await dev.sees(page, /The film F2/);
  // Data that is half there: nothing goes.
  const data = site.read("data/film.ndjson");
  site.write("data/film.ndjson", data.slice(0, 70));
  await dev.running.said(/film\.ndjson:2: /);
  expect((await dev.load("base/films/5/")).text).toContain("The film F5");
  site.write("data/film.ndjson", data.replace("F5", "Five"));
  await dev.sees("base/films/5/", /The film Five/);
});

test("a page that never ends costs its thread, and nothing else", { timeout: 60_000 }, async () => {
  const site = devSite();
  const dev = await DevBrowser.start(site.folder);
  const asked = dev.load("base/endless/");
  // Saved meanwhile.
  site.edit("templates/genre.eta", "<h1>", "<h1>Saved: ");
  site.write("static/more.css", "h2 {}");
  const endless = await asked;
  expect(endless).toMatchObject({ status: 500, text: expect.stringContaining("it never ended, and was stopped") });
  expect((await dev.load("base/films/2/")).text).toContain("The film F2");
  await dev.sees("base/genres/drama/", /<h1>Saved: /);
  // A config that never ends neither keeps it from ending.
  site.edit("title.ts", "export const", "process.stdout.write('hangs'); for (;;);\nexport const");
  await dev.running.said(/hangs/);
  dev.running.kill("SIGTERM");
  expect(await dev.running.ended).toMatchObject({ code: 0 });
});

test("it starts with a broken config, and says where there is none", { timeout: 60_000 }, async () => {
  const site = devSite();
  site.edit("rekiln.config.ts", "export default", "export defalt");
  const dev = await DevBrowser.start(site.folder);
  expect((await dev.load("base/films/2/")).text).toContain("rekiln.config.ts:");
  site.edit("rekiln.config.ts", "export defalt", "export default");
  await dev.sees("base/films/2/", /The film F2/);
  const none = await rekiln(join(site.folder, "data"), "dev");
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("rekiln init") });
});

test.each(["in it", "from elsewhere"])("it ends when the folder of its config is deleted: %s", async (where) => {
  const { folder } = devSite();
  const dev =
    where === "in it"
      ? await DevBrowser.start(folder)
      : await DevBrowser.start(dirname(folder), "--config", join(folder, "rekiln.config.ts"));
  rmSync(folder, { recursive: true, maxRetries: 3 });
  expect(await dev.running.ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("The folder of the config was deleted or moved."),
  });
});

test("a config that ends its thread is said once, and goes on when it is mended", async () => {
  const site = devSite();
  site.edit("title.ts", "export const", "process.exit(3);\nexport const");
  const dev = await DevBrowser.start(site.folder);
  expect((await dev.load("base/films/2/")).text).toContain("its thread ended with code 3");
  site.edit("title.ts", "process.exit(3);\n", "");
  await dev.sees("base/films/2/", /The film F2/);
  dev.running.kill("SIGTERM");
  const { stderr } = await dev.running.ended;
  expect(stderr.match(/its thread ended with code 3/g)).toHaveLength(1);
});

test("only this machine's own names are answered, and a taken port is said", { timeout: 60_000 }, async () => {
  const site = devSite();
  const dev = await DevBrowser.start(site.folder);
  const { port } = new URL(dev.url);
  expect(new URL(dev.url).hostname).toBe("127.0.0.1");
  const socket = connect(Number(port), "127.0.0.1");
  socket.end(`GET /base/films/2/ HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n`);
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
  await once(socket, "close");
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  expect(answer).not.toContain("film");
  const taken = await rekiln(site.folder, "dev", "--port", port);
  expect(taken).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`Port ${port} of 127.0.0.1 is already in use`),
  });
  // Without one it takes the next that is free.
  const [first, second] = [new Running(site.folder, ["dev"]), new Running(site.folder, ["dev"])];
  const ports = await Promise.all(
    [first, second].map(async (running) => (await running.said(/at http:\S+:(\d+)\//))[1]),
  );
  expect(new Set(ports).size).toBe(2);
});
