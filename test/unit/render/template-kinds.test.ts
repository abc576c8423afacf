import { describe, expect, it } from "vitest";
import { renderOnce, templateErrorOf } from "./render-once.ts";

describe("templates that aren't HTML", () => {
  it("escapes XML, and drops what XML can't hold", () => {
    const source =
      '<?xml version="1.0"?>\n<rss><!-- c --><![CDATA[<a>]]><item a="<%= it.x %>"><t><%= it.x %></t><link href="<%= it.u %>"/></item></rss>';
    expect(renderOnce(source, { x: "<\u0000a&'\"\n\ud800\ufffe😀>", u: "javascript:x" }, {}, "feed.xml")).toBe(
      '<?xml version="1.0"?>\n<rss><!-- c --><![CDATA[<a>]]><item a="&lt;a&amp;&#39;&quot;&#10;😀&gt;"><t>&lt;a&amp;&#39;&quot;\n😀&gt;</t><link href="about:invalid#blocked"/></item></rss>',
    );
  });

  it.each([
    ["<a b=<%= it.x %>/>", "quotes"],
    ["<a><![CDATA[<%= it.x %>]]></a>", "CDATA"],
    ["<!-- <%= it.x %> -->", "comment"],
    ["<?pi <%= it.x %>?>", "instruction"],
    ["<<%= it.x %>/>", "tag"],
    ["<a <%= it.x %>/>", "attribute name"],
    ['<svg onload="<%= it.x %>"/>', "script"],
    ["<svg><style><%= it.x %></style></svg>", "<style>"],
    ["<svg><script>a = <%= json(it.x) %></script></svg>", "<script>"],
    ["<a><!-- ", "comment"],
    ["<a", "<a"],
  ])("refuses %s in XML", (source, hint) => {
    const error = templateErrorOf(() => renderOnce(`\n${source}`, { x: "x" }, {}, "image.svg"));
    expect(error).toMatchObject({ file: "image.svg.eta", line: 2, message: expect.stringContaining(hint) });
  });

  it("writes plain text as it is", () => {
    expect(
      renderOnce("Sitemap: <%= it.url %>\n\n# it's <b <%= it.x %>.\n", { url: "/a?b&c", x: "<i>" }, {}, "robots.txt"),
    ).toBe("Sitemap: /a?b&c\n# it's <b <i>.\n");
    expect(templateErrorOf(() => renderOnce("<%= it.x %>", { x: undefined }, {}, "robots.txt")).message).toContain(
      "is undefined",
    );
  });

  it("takes only json(…) in JSON, scripts and styles", () => {
    const json = '{"a": <%= json(it.x) %>, "b": [<% for (const x of it.list) { %><%= json(x) %>,<% } %>0]}';
    expect(JSON.parse(renderOnce(json, { x: '"<a>', list: [1, {}] }, {}, "x.json"))).toEqual({
      a: '"<a>',
      b: [1, {}, 0],
    });
    expect(renderOnce(":root { --n: <%= json(it.x) %> } /* it's */", { x: 5 }, {}, "x.css")).toBe(
      ":root { --n: 5 } /* it's */",
    );
    for (const name of ["x.json", "x.js", "x.css"]) {
      expect(templateErrorOf(() => renderOnce("<%= it.x %>", { x: "a" }, {}, name)).message).toContain("json(…)");
      expect(templateErrorOf(() => renderOnce('{"a": "<%= json(it.x) %>"}', { x: "a" }, {}, name)).message).toContain(
        "string",
      );
    }
  });

  it.each(["404", "404.html", "page-1.2", "a.b/film"])("takes %s for HTML", (name) => {
    expect(renderOnce("<%= it.x %>'", { x: "<" }, {}, name)).toBe("&lt;'");
  });
});
