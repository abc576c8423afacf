import { describe, expect, it } from "vitest";
import { renderOnce, templateErrorOf } from "./render-once.ts";

const HOSTILE = `<b> & "q" 'a'`;

describe("a slot is escaped by where it stands", () => {
  it.each([
    ["text", "<p><%= it.x %></p>", `<p>&lt;b&gt; &amp; "q" 'a'</p>`],
    ["text behind a < that is text", "<p>1 < <%= it.x %></p>", `<p>1 < &lt;b&gt; &amp; "q" 'a'</p>`],
    ["title", "<title><%= it.x %></title>", `<title>&lt;b&gt; &amp; "q" 'a'</title>`],
    ["textarea", "<textarea><%= it.x %></textarea>", `<textarea>&lt;b&gt; &amp; "q" 'a'</textarea>`],
    ["a double-quoted attribute", '<p title="<%= it.x %>">', '<p title="&lt;b&gt; &amp; &quot;q&quot; &#39;a&#39;">'],
    [
      "a single-quoted attribute",
      "<p title = '<%= it.x %>'>",
      "<p title = '&lt;b&gt; &amp; &quot;q&quot; &#39;a&#39;'>",
    ],
    ["a query", '<a href="/s?q=<%= it.x %>">', '<a href="/s?q=&lt;b&gt; &amp; &quot;q&quot; &#39;a&#39;">'],
    [
      "a script",
      "<script>const x = <%= json(it.x) %>;</script>",
      String.raw`<script>const x = "\u003cb\u003e \u0026 \"q\" 'a'";</script>`,
    ],
    [
      "a data block",
      '<script type="application/json">{"x": <%= json(it.x) %>, "u": "https://a.example/"}</script>',
      String.raw`<script type="application/json">{"x": "\u003cb\u003e \u0026 \"q\" 'a'", "u": "https://a.example/"}</script>`,
    ],
    [
      "json in an attribute",
      "<p data-x='<%= json([it.x]) %>'>",
      String.raw`<p data-x='[&quot;\u003cb\u003e \u0026 \&quot;q\&quot; &#39;a&#39;&quot;]'>`,
    ],
    [
      "text in svg's title",
      "<svg><title><%= it.x %></title></svg>",
      `<svg><title>&lt;b&gt; &amp; "q" 'a'</title></svg>`,
    ],
  ])("in %s", (_, source, expected) => {
    expect(renderOnce(source, { x: HOSTILE })).toBe(expected);
  });

  it.each([
    ["/films/", "/films/"],
    ["films?x=1#y", "films?x=1#y"],
    ["//other.example/", "//other.example/"],
    ["HTTPS://a.example/", "HTTPS://a.example/"],
    ["mailto:a@b.example", "mailto:a@b.example"],
    ["tel:+1", "tel:+1"],
    ["a b:c", "a b:c"],
    ["javascript:alert(1)", "about:invalid#blocked"],
    ["JaVaScRiPt:alert(1)", "about:invalid#blocked"],
    ["java\nscript:alert(1)", "about:invalid#blocked"],
    ["\u0001 javascript:alert(1)", "about:invalid#blocked"],
    ["data:text/html,x", "about:invalid#blocked"],
    ["vbscript:x", "about:invalid#blocked"],
    ["ftp://a.example/", "about:invalid#blocked"],
  ])("an address of %j is written as %j", (url, expected) => {
    for (const source of [
      '<a href="<%= it.url %>">',
      "<img src='<%= it.url %>'>",
      '<form action="<%= it.url %>">',
      '<svg><a xlink:href=" <%= it.url %>">',
    ]) {
      expect(renderOnce(source, { url })).toContain(expected);
      expect(renderOnce(source, { url })).not.toMatch(/script:|data:|ftp:/i);
    }
  });

  it("takes each address of srcset into account", () => {
    expect(renderOnce('<img srcset="<%= it.a %> 1x, <%= it.b %> 2x">', { a: "/a.webp", b: "/b.webp" })).toBe(
      '<img srcset="/a.webp 1x, /b.webp 2x">',
    );
    expect(renderOnce('<img srcset="<%= it.a %>">', { a: "/a.webp 1x, javascript:b 2x" })).toBe(
      '<img srcset="about:invalid#blocked">',
    );
  });

  it("writes markup as it stands in text only", () => {
    expect(renderOnce('<p title="<%= raw(it.x) %>"><%= raw(it.x) %></p>', { x: "<b>" })).toBe(
      '<p title="&lt;b&gt;"><b></p>',
    );
    expect(renderOnce("<title><%= raw(it.x) %></title>", { x: "</title>" })).toBe("<title>&lt;/title&gt;</title>");
  });
});

describe("a slot where no value is safe is refused with its line", () => {
  it.each([
    ["an unquoted value", "<p title=<%= it.x %>>", "quotes"],
    ["the rest of an unquoted value", "<p title=a<%= it.x %>>", "quotes"],
    ["an attribute name", "<p <%= it.x %>>", "attribute name"],
    ["a part of an attribute name", "<p data-<%= it.x %>>", "attribute name"],
    ["behind a value", '<p title="a"<%= it.x %>>', "attribute name"],
    ["a tag name", "<h<%= it.x %>>", "tag name"],
    ["an end tag", "<p></<%= it.x %>>", "tag name"],
    ["an event handler", '<p onclick="<%= it.x %>">', "script"],
    ["an event handler in capitals", '<p onClick="f(<%= it.x %>)">', "script"],
    ["an event handler behind a line break", '<p\n\nonload\n=\n"<%= it.x %>">', "script"],
    ["a style attribute", '<p style="color: <%= it.x %>">', "style"],
    ["a style sheet", "<style>p { color: <%= it.x %> }</style>", "style"],
    ["srcdoc", '<iframe srcdoc="<%= it.x %>"></iframe>', "srcdoc"],
    ["a comment", "<!-- <%= it.x %> -->", "comment"],
    ["a comment with dashes", "<!-- a -- <%= it.x %> -->", "comment"],
    ["a doctype", "<!doctype <%= it.x %>>", "doctype"],
    ["an attribute of script", '<script nonce="<%= it.x %>"></script>', "<script>"],
    ["http-equiv", '<meta http-equiv="<%= it.x %>" content="1">', "http-equiv"],
    ["a refresh", '<meta http-equiv=refresh content="0; url=<%= it.x %>">', "http-equiv"],
    ["a refresh in the other order", '<meta content="<%= it.x %>" http-equiv="refresh">', "http-equiv"],
    ["noscript", "<noscript><%= it.x %></noscript>", "noscript"],
    ["xmp", "<xmp><%= it.x %></xmp>", "xmp"],
    ["the content of an iframe", "<iframe><%= it.x %></iframe>", "iframe"],
    ["noembed", "<noembed><%= it.x %></noembed>", "noembed"],
    ["noframes", "<noframes><%= it.x %></noframes>", "noframes"],
    ["plaintext", "<plaintext><%= it.x %>", "plaintext"],
    ["a string of a script", 'a<script>x = "<%= json(it.x) %>"</script>', "string"],
    ["a comment of a script", "<script>// <%= json(it.x) %>\n</script>", "comment"],
    ["a template literal", "<script>`${<%= json(it.x) %>}` + `<%= json(it.x) %>`</script>", "string"],
    ["behind a doubtful / in a script", "<script>if (a) /'/.test(b); c = <%= json(it.x) %></script>", "can't be told"],
    ["the end of a script", "<script>a</scr<%= json(it.x) %>ipt></script>", "end <script>"],
    ["a scheme", '<a href="java<%= it.x %>">', "scheme"],
    ["a whole scheme that isn't allowed", '<a href="javascript:<%= it.x %>">', "scheme"],
    ["a scheme by character references", '<a href="javascript&#58;//<%= it.x %>">', "scheme"],
    ["a second value of an address", '<a href="<%= it.x %><%= it.x %>">', "scheme"],
    ["a value before a colon", '<a href="<%= it.x %>:alert(1)">', "scheme"],
    ["an animated address", '<svg><set attributeName="href" to="<%= it.x %>"/></svg>', "animation"],
    ["a name that a framework runs", '<p @click="<%= it.x %>">', "plain attribute"],
    ["CDATA", "<svg><![CDATA[<%= it.x %>]]></svg>", "CDATA"],
  ])("%s", (_, source, hint) => {
    const error = templateErrorOf(() => renderOnce(`\n\n${source}`, { x: "x" }));
    expect(error.file).toBe("page.eta");
    expect(error.line).toBe(3 + source.slice(0, source.search(/<%=(?!.*\}`)/)).split("\n").length - 1);
    expect(error.message).toContain(hint);
  });

  it.each([
    ["mailto:<%= it.x %>"],
    ["https://a.example/<%= it.x %>"],
    ["https:<%= it.x %>"],
    ["/<%= it.x %>:<%= it.x %>"],
    ["<%= it.x %>/<%= it.x %>:"],
    ["?a=1&amp;b=<%= it.x %>"],
    ["#<%= it.x %>"],
    ["a/<%= it.x %>"],
  ])("but not in the address %s", (url) => {
    expect(renderOnce(`<a href="${url}">`, { x: "x" })).toBe(`<a href="${url.replaceAll("<%= it.x %>", "x")}">`);
  });

  it("takes only json(…) in a script", () => {
    expect(templateErrorOf(() => renderOnce("<script>a = <%= it.x %></script>", { x: "x" })).message).toContain(
      "json(…)",
    );
    expect(templateErrorOf(() => renderOnce("<script>a = <%= raw(it.x) %></script>", { x: "x" })).message).toContain(
      "json(…)",
    );
  });

  it.each([
    ["an open tag", "<p", 1, "<p"],
    ["an open value", '\n<p title="', 2, "title"],
    ["an open script", "<p>\n<script>\n", 2, "<script>"],
    ["an open comment", "<!-- ", 1, "comment"],
    ["a style that ends another way in svg", "<svg>\n<style>a<b</style></svg>", 2, "<style>"],
    ["a comment in a script", "<script>\n\n<!--</script>", 3, "<!--"],
  ])("a template with %s is refused", (_, source, line, hint) => {
    expect(templateErrorOf(() => renderOnce(source))).toMatchObject({
      file: "page.eta",
      line,
      message: expect.stringContaining(hint),
    });
  });
});

describe("each way through a template is followed", () => {
  it.each([
    ["an optional attribute", "<option<% if (it.a) { %> selected<% } %>>", "<option selected>", "<option>"],
    [
      "an optional attribute behind a space",
      "<option <% if (it.a) { %>selected<% } %>>",
      "<option selected>",
      "<option >",
    ],
    ["a class", '<p class="a<% if (it.a) { %> b<% } else { %> c<% } %>">', '<p class="a b">', '<p class="a c">'],
    [
      "an attribute in two ways",
      '<p <% if (it.a) { %>id="b"<% } else { %>title="c"<% } %>>',
      '<p id="b">',
      '<p title="c">',
    ],
    [
      "an address in two ways",
      '<a href="<% if (it.a) { %>/b/<% } else { %>/c/<% } %><%= it.a %>">',
      '<a href="/b/true">',
      '<a href="/c/false">',
    ],
    ["else if", "<% if (it.a) { %>a<% } else if (!it.a) { %>b<% } else { %>c<% } %>", "a", "b"],
  ])("%s", (_, source, ifTrue, ifFalse) => {
    expect(renderOnce(source, { a: true })).toBe(ifTrue);
    expect(renderOnce(source, { a: false })).toBe(ifFalse);
  });

  it("loops in scripts, attributes and text", () => {
    const list = { list: [1, 2] };
    expect(renderOnce("<script>[<% for (const x of it.list) { %><%= json(x) %>,<% } %>]</script>", list)).toBe(
      "<script>[1,2,]</script>",
    );
    expect(renderOnce('<a href="/?<% for (const x of it.list) { %>&amp;x=<%= x %><% } %>">', list)).toBe(
      '<a href="/?&amp;x=1&amp;x=2">',
    );
    expect(renderOnce("<ul<% for (const x of it.list) { %> data-x<% } %>>", list)).toBe("<ul data-x data-x>");
    expect(renderOnce("<% it.list.forEach((x, i) => { %><% if (i === 1) return; %><b><%= x %></b><% }) %>", list)).toBe(
      "<b>1</b>",
    );
    expect(renderOnce("<% for (const x of it.list) { if (x === 1) { continue; } %><b><%= x %></b><% } %>", list)).toBe(
      "<b>2</b>",
    );
  });

  it("takes switch", () => {
    const source = "<p><% switch (it.x) { case 1: %>one<% break; case 2: %>two<% break; default: %>many<% } %></p>";
    expect([1, 2, 3].map((x) => renderOnce(source, { x }))).toEqual(["<p>one</p>", "<p>two</p>", "<p>many</p>"]);
  });

  it.each([
    [
      "a value that an optional prefix doesn't protect",
      '<a href="<% if (it.x) { %>/a/<% } %><%= it.x %>">',
      1,
      "scheme",
    ],
    ["a branch that leaves a tag open", '<% if (it.x) { %><a href="<% } %>\n<%= it.x %>">', 1, "each way"],
    ["branches that end apart", "<% if (it.x) { %><script><% } else { %><title><% } %>\n", 1, "each way"],
    ["a loop that leaves a tag open", '\n<% for (const x of it.x) { %><a href="<% } %>"', 2, "each way"],
    ["a loop whose values make a scheme", '<a href="<% for (const x of it.x) { %><%= x %><% } %>">', 1, "scheme"],
    ["a name that goes on behind a branch", "<scr<% if (it.x) { %> x<% } %>ipt>", 1, "space"],
    [
      "a jump out of a tag",
      '<% for (const x of it.x) { %>\n<a title="<% if (x) { continue; } %>"><% } %>',
      2,
      "continue",
    ],
    ["a return out of a tag", '<% it.x.forEach((x) => { %><a title="<% if (x) { return } %>"><% }) %>', 1, "return"],
    ["a return", "<% if (it.x) return; %>", 1, "can't return"],
    ["text in a function", "\n<% const f = (x) => { %><b><%= x %></b><% } %>", 2, "partial"],
    ["text in a try", "<% try { %><b><%= it.x %></b><% } catch {} %>", 1, "try"],
    ["an if without braces", "<p><% if (it.x) %>a<%= it.x %></p>", 1, "braces"],
    ["an else without braces", "<p><% if (it.x) { %>a<% } else %>b</p>", 1, "braces"],
    ["a block that isn't closed", "\n<% if (it.x) { %>\n<p>\n", 2, "isn't closed"],
    ["a brace too many", "<p>\n<% } %>", 2, "too many"],
  ])("%s is refused", (_, source, line, hint) => {
    expect(templateErrorOf(() => renderOnce(source, { x: [1] }))).toMatchObject({
      line,
      message: expect.stringContaining(hint),
    });
  });
});
