import { afterEach, describe, expect, it } from "vitest";
import { createEtaRenderer } from "../../../src/render/eta-renderer.ts";
import { renderOnce, templateErrorOf } from "./render-once.ts";
import { templateSetOf } from "./template-set-of.ts";

describe("values", () => {
  it.each([
    ["a & b", "a &amp; b"],
    [0, "0"],
    [1.5, "1.5"],
    [12n, "12"],
    [false, "false"],
    [null, ""],
    ["", ""],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
  ])("prints %s as %s", (x, expected) => {
    expect(renderOnce("[<%= it.x %>]", { x })).toBe(`[${expected}]`);
    expect(renderOnce('<p title="<%= it.x %>">', { x })).toBe(`<p title="${expected}">`);
  });

  it.each([
    [undefined, "`it.x` is undefined"],
    [{}, "`it.x` is an object"],
    [["a"], "`it.x` is an array"],
    [() => "a", "`it.x` is a function"],
    [Symbol("a"), "`it.x` is a symbol"],
    [Promise.resolve(1), "`it.x` is a promise"],
  ])("refuses to print %s", (x, message) => {
    for (const source of [
      "<p>\n<%= it.x %>",
      '<p\ntitle="<%= it.x %>">',
      '<a\nhref="<%= it.x %>">',
      "<title>\n<%= it.x %></title>",
    ]) {
      const error = templateErrorOf(() => renderOnce(source, { x }));
      expect(error).toMatchObject({ file: "page.eta", line: 2 });
      expect(error.message).toContain(message);
    }
  });

  it("joins arrays of markup", () => {
    expect(renderOnce("<%= it.xs.map((x) => raw(x)) %>", { xs: ["<b>", "<i>"] })).toBe("<b><i>");
  });

  it("takes only markup in <%~ %>", () => {
    expect(renderOnce("<%~ raw(it.x) %>", { x: "<b>" })).toBe("<b>");
    const error = templateErrorOf(() => renderOnce("\n<%~ it.x %>", { x: "<b>" }));
    expect(error).toMatchObject({ line: 2, message: expect.stringMatching(/^`it\.x` isn't markup.*<%= … %>.*raw/) });
  });

  it("doesn't take a string's look-alike for markup", () => {
    expect(templateErrorOf(() => renderOnce("<%= it.x %>", { x: { html: "<b>" } })).message).toContain("is an object");
  });

  it("refuses raw(…) of something else than a string", () => {
    expect(templateErrorOf(() => renderOnce("<%= raw(it.x) %>", { x: undefined })).message).toContain("undefined");
  });

  it("reads no property of a value that it prints or refuses", () => {
    const read: PropertyKey[] = [];
    const view = new Proxy(Object.freeze({ html: "<b>", title: "t" }), {
      get(target, name, receiver) {
        read.push(name);
        return Reflect.get(target, name, receiver) as unknown;
      },
      ownKeys(target) {
        read.push("*");
        return Reflect.ownKeys(target);
      },
    });
    templateErrorOf(() => renderOnce("<%= it.x %>", { x: view }));
    templateErrorOf(() => renderOnce("<%~ it.x %>", { x: view }));
    templateErrorOf(() => renderOnce("<%= raw(it.x) %>", { x: view }));
    templateErrorOf(() => renderOnce("<%= it.nothing %>", view));
    templateErrorOf(() => renderOnce('<% include("card", it.x) %>', { x: view }, { card: "<%= it.nothing %>" }));
    expect(read).toEqual([]);
    expect(renderOnce('<%= include("card", it.x) %>', { x: view }, { card: "<%= it.title %>" })).toBe("t");
    expect(read).toEqual(["title"]);
  });
});

describe("`it`", () => {
  it.each(["flm", "constructor", "toString", "__proto__", "hasOwnProperty"])(
    "has no %s, and says so with the line",
    (name) => {
      const error = templateErrorOf(() => renderOnce(`<p>\n\n<% if (it.${name}) { %><% } %>`, { film: {} }));
      expect(error).toMatchObject({ file: "page.eta", line: 3 });
      expect(error.message).toBe(`\`it.${name}\` isn't there: there are film`);
    },
  );

  it("lets a name that is there be tested though it is undefined", () => {
    expect(renderOnce("<% if (it.film) { %>a<% } else { %>b<% } %>", { film: undefined })).toBe("b");
    expect(renderOnce('<%= it.film?.title ?? "none" %>', { film: undefined })).toBe("none");
    expect(renderOnce("<%= 'film' in it %> <%= 'flm' in it %>", { film: undefined })).toBe("true false");
  });

  it("answers then, toJSON and symbols with undefined", () => {
    expect(renderOnce("<%= [it.then, it.toJSON, it[Symbol.iterator]].every((x) => x === undefined) %>")).toBe("true");
  });

  it("takes a name of its own from whatever it is called", () => {
    const props = JSON.parse('{"constructor": "a", "__proto__": "b"}') as Record<string, unknown>;
    expect(renderOnce("<%= it.constructor %><%= it.__proto__ %>", props)).toBe("ab");
    expect(renderOnce("<%= Object.keys(it) %>".replace("it)", "it).join()"), { a: 1, b: 2 })).toBe("a,b");
  });

  it("can't be written to", () => {
    expect(templateErrorOf(() => renderOnce("<% it.a = 2 %>", { a: 1 })).message).toContain("can't be written");
  });
});

describe("include and layout", () => {
  const base = `<!doctype html>\n<title><%= it.title %></title>\n<main><%~ it.body %></main>`;

  it("gives a partial the names around it, with its own on top", () => {
    const others = { "parts/card": "<b><%= it.film %> <%= it.site %></b>" };
    expect(
      renderOnce(
        '<%~ include("parts/card", { film: "a&" }) %><%= include("parts/card") %>',
        { film: "f", site: "s" },
        others,
      ),
    ).toBe("<b>a&amp; s</b><b>f s</b>");
  });

  it("puts a page into a layout, and a layout into a layout", () => {
    const inner = '<% layout("base") %>\n<div><%= it.body %></div>';
    expect(renderOnce('<% layout("inner", { title: "T & U" }) %>\n<p><%= it.x %></p>', { x: 1 }, { base, inner })).toBe(
      "<!doctype html>\n<title>T &amp; U</title>\n<main><div><p>1</p></div></main>",
    );
  });

  it("lets a template choose between layouts", () => {
    const source = '<% if (it.x) { layout("a") } else { layout("b") } %>\n!';
    const others = { a: "a<%= it.body %>", b: "b<%= it.body %>" };
    expect([true, false].map((x) => renderOnce(source, { x }, others))).toEqual(["a!", "b!"]);
  });

  it("finds names from the root, and beside the file with ./ and ../", () => {
    const others = {
      "a/b": '<%= include("./c") %><%= include("../d") %><%= include("/a/c") %><%= include("a/c") %>',
      "a/c": "c",
      d: "d",
    };
    expect(renderOnce('<%= include("./a/b") %>', {}, others)).toBe("cdcc");
  });

  it.each([
    ['<%= include("nope") %>', "no template `nope`"],
    ['<%= include("card.eta") %>', "leave out .eta"],
    ["<%= include(it.kind) %>", "between quotes"],
    ["<%= include(`card${it.kind}`) %>", "between quotes"],
    ['<%= include("ca" + "rd") %>', "between quotes"],
    ["<% const f = include %>", "between quotes"],
    ["<% layout(it.kind) %>", "between quotes"],
    ['<%= include("feed.xml") %>', "is XML"],
  ])("refuses %s with file and line", (source, message) => {
    const act = (): unknown =>
      createEtaRenderer(templateSetOf({ page: `<p>\n${source}`, card: "", "feed.xml": "" })).render("page", {});
    expect(templateErrorOf(act)).toMatchObject({
      file: "page.eta",
      line: 2,
      message: expect.stringContaining(message),
    });
  });

  it("leaves strings, comments and members of that name alone", () => {
    const source =
      `<% /* include(x) */ const a = { layout: "include(y)" }; // it's layout(z)\n %><%= a.layout %>`.replace(
        "it's ",
        "",
      );
    expect(renderOnce(source)).toBe("include(y)");
  });

  it("stops a template that includes itself for ever", () => {
    expect(templateErrorOf(() => renderOnce('\n<%= include("page") %>'))).toMatchObject({
      line: 2,
      message: expect.stringContaining("deeper than 100"),
    });
  });

  it("names the line of a layout that can't be used", () => {
    expect(templateErrorOf(() => renderOnce('\n<% layout("base", 5) %>\n<p>', {}, { base }))).toMatchObject({
      file: "page.eta",
      line: 2,
    });
    expect(templateErrorOf(() => renderOnce('\n<% layout("page") %>\n<p>'))).toMatchObject({
      file: "page.eta",
      line: 2,
    });
  });

  it("lets a template include itself as deep as its data goes", () => {
    const source =
      '<li><%= it.node.name %><% for (const node of it.node.nodes) { %><%= include("page", { node }) %><% } %></li>';
    const node = { name: "a", nodes: [{ name: "b", nodes: [{ name: "c", nodes: [] }] }] };
    expect(renderOnce(source, { node })).toBe("<li>a<li>b<li>c</li></li></li>");
  });
});

describe("errors name the innermost template and the line", () => {
  it.each([
    ["<p>\n<%= it.film.title.length %>", 2, "Cannot read properties of undefined"],
    ["<p>\n\n<% const a = 1;\n\nnull.x %>", 3, "Cannot read properties of null"],
    ["<% if (false) { %>\n\n<% } else if (it.film.a.b) { %>\n<% } %>", 3, "Cannot read properties of undefined"],
    ["<% for (const x of [1, 2]) { %>\n<%= x === 2 ? it.nope : x %>\n<% } %>", 2, "it.nope"],
    ["\r\n\r\n<%= nothing %>", 3, "nothing is not defined"],
    ["<%_ if (true) { _%>\n\n<%= it.nope %><% } %>", 3, "it.nope"],
    ["\n<% throw 'text' %>", 2, "text"],
  ])("%j", (source, line, message) => {
    const error = templateErrorOf(() => renderOnce(source, { film: {} }));
    expect(error).toMatchObject({ file: "page.eta", line, message: expect.stringContaining(message) });
    expect(error.cause).toBeDefined();
    expect(error.message).not.toMatch(/\n|at /);
  });

  it("of a partial within a layout", () => {
    const others = { base: '<html>\n<%= it.body %>\n<%= include("a/foot") %>', "a/foot": "\n\n\n<%= it.x.y.z %>" };
    expect(templateErrorOf(() => renderOnce('<% layout("base") %>', { x: {} }, others))).toMatchObject({
      file: "a/foot.eta",
      line: 4,
    });
  });

  it.each([
    ["<p>\n<% const = 1 %>", 2],
    ["<p>\n<% let a = 1 %>\n<% let b = 2;\n const a = 3 %>", 3],
    ["<p>\n\n<%= it. %>", 3],
    ["<p>\n<%= a); b( %>", 2],
    ["<p>\n<%= %>", 2],
    ["<p>\n<%= await it.x %>", 2],
    ["<p>\n\n<%= it.x", 3],
    ["<p>\n<%= it.x + 'a %>", 2],
    ["<% const it2 = with (a) {} %>", 1],
  ])("of syntax at the start, for %j", (source, line) => {
    const act = (): unknown => createEtaRenderer(templateSetOf({ good: "<p>", page: source })).render("page", {});
    expect(templateErrorOf(act)).toMatchObject({ file: "page.eta", line });
  });

  it("of a template that isn't there", () => {
    expect(templateErrorOf(() => createEtaRenderer(templateSetOf({})).render("film", {}))).toMatchObject({
      file: "film.eta",
      line: undefined,
    });
  });

  it("of each template that can't be compiled, with those that use it, and renders the others", () => {
    const set = templateSetOf({
      bad: "<p>\n<% if ( %>",
      worse: '<%~ include("nope") %>',
      uses: '<% if (false) { %><%~ include("through") %><% } %>',
      through: '<% layout("bad") %>',
      good: "<p>",
    });
    const renderer = createEtaRenderer(set);
    const filesOf = (name: string): readonly string[] => renderer.brokenBy(name).map(({ file }) => file);

    expect(renderer.broken.map(({ file, line }) => [file, line])).toEqual([
      ["bad.eta", 2],
      ["worse.eta", 1],
    ]);
    expect(["bad", "worse", "uses", "through", "good"].map(filesOf)).toEqual([
      ["bad.eta"],
      ["worse.eta"],
      ["bad.eta"],
      ["bad.eta"],
      [],
    ]);
    expect(renderer.render("good", {})).toBe("<p>");
  });

  it("and renders the next page as if nothing had been", () => {
    const renderer = createEtaRenderer(templateSetOf({ page: '<%= include("card") %>', card: "<%= it.x %>" }), {
      maxDepth: 2,
    });
    for (let round = 0; round < 5; round += 1) templateErrorOf(() => renderer.render("page", { x: undefined }));
    expect(renderer.render("page", { x: "a" })).toBe("a");
  });
});

describe("the sandbox of a render", () => {
  afterEach(() => {
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("polluted");
  });

  it("isn't polluted by hostile data", () => {
    const data = JSON.parse(
      '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
    ) as Record<string, unknown>;
    expect(renderOnce('<%= include("card", it.data) %>', { data }, { card: "<%= 'polluted' in it %>" })).toBe("false");
  });

  it("trims one line break behind a tag, as Eta does", () => {
    expect(renderOnce("a\n<% if (true) { %>\n  b\n<% } %>\n\nc \\ 'd' \\n\r\n")).toBe("a\n  b\n\nc \\ 'd' \\n\n");
  });
});
