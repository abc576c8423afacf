import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEtaRenderer } from "../../../src/render/eta-renderer.ts";
import { html as markup } from "../../../src/render/html-tag.ts";
import { json } from "../../../src/core/json-template.ts";
import { TemplateError } from "../../../src/render/renderer.ts";
import { XSS_PAYLOADS } from "../../support/xss-payloads.ts";
import { attributeValues, domShape } from "./dom-shape.ts";
import { expectHarmlessUrl } from "./harmless-url.ts";
import { hostileText } from "./hostile-text.ts";
import { renderOnce } from "./render-once.ts";
import { runsOf } from "../../support/runs.ts";
import { templateSetOf } from "./template-set-of.ts";

const SITE = templateSetOf({
  base: `<!doctype html>
<html lang="<%= it.x %>"><head><meta charset="utf-8"><title><%= it.x %> - site</title>
<meta name="description" content='<%= it.x %>'><link rel="canonical" href="<%= it.x %>">
<script type="application/ld+json">{"name": <%= json(it.x) %>, "list": [<%= json([it.x, { [it.x]: it.x }]) %>, 1]}</script></head>
<body class="a <%= it.x %> b"><%~ it.body %><%= include("foot", { y: it.x }) %></body></html>`,
  foot: `<footer id='f'><%= it.x %><a href="mailto:<%= it.y %>"><%= it.y %></a></footer>`,
  page: `<% layout("base") %>
<h1 title="<%= it.x %>" data-x='<%= json(it.x) %>'><%= it.x %></h1>
<% for (const x of [it.x, it.x]) { %><p<% if (it.x) { %> id="<%= x %>"<% } else { %> id="none"<% } %>><%= x %> &amp; <%= x %><% } %>
<a href="/q?a=<%= it.x %>&amp;b=<%= it.x %>#<%= it.x %>"><%= it.x %></a><img src='<%= it.x %>' srcset="<%= it.x %> 2x" alt="<%= it.x %>">
<form action="<%= it.x %>"><textarea name="t"><%= it.x %></textarea><select><option value="<%= it.x %>"><%= it.x %></option></select></form>
<svg viewBox="<%= it.x %>"><title><%= it.x %></title><a xlink:href="<%= it.x %>"><text><%= it.x %></text></a></svg>
<pre>
<%= it.x %></pre><template><b title="<%= it.x %>"><%= it.x %></b></template>
<script>const a = 1 / 2, x = <%= json(it.x) %>, s = "<b>"; f(<%= json({ x: it.x }) %>) // it's
</script>
<iframe src="<%= it.x %>"></iframe><video poster="<%= it.x %>"></video><math><mi title="<%= it.x %>"><%= it.x %></mi></math>`,
});

describe("hostile data", () => {
  const renderer = createEtaRenderer(SITE);
  const page = (x: string): string => renderer.render("page", { x });
  // Under another name, as the formatter rewrites what stands in html`…`.
  const inTag = (x: string): string =>
    markup`<!doctype html><title>${x}</title><p class="${x}" title='${x}'>${x}<a href="${x}">${[markup`<b>${x}</b>`]}</a>
    <script>f(${json(x)})</script>`.html;

  it.each([page, inTag])("never changes the shape of a page", (render) => {
    const shapes = [true, false].map((isScripted) => domShape(render("x"), isScripted));
    fc.assert(
      fc.property(hostileText, (x) => {
        const rendered = render(x);
        expect([true, false].map((isScripted) => domShape(rendered, isScripted))).toEqual(shapes);
        for (const name of ["href", "src", "action", "poster", "xlink:href"]) {
          for (const url of attributeValues(rendered, name)) expectHarmlessUrl(url);
        }
      }),
      { numRuns: runsOf(2_000), examples: XSS_PAYLOADS.map((payload) => [payload]) },
    );
  });

  it("is harmless wherever a template is compiled at all", () => {
    // oxfmt-ignore
    const words = [
      "<p", "<a", "<img", "<script", "<style", "<title", "<textarea", "<svg", "<math", "<iframe", "<noscript", "<meta", "</", "<", ">", "/", "=", '"', "'",
      " ", "\n", "<!--", "-->", "--", "!", "-", "<!", "<?", "<![CDATA[", "]]>", "href", "src", "title", "onload", "style", "srcdoc", "content", "http-equiv",
      "</script>", "</style>", "</title>", "</textarea>", "</svg>", "</math>", "</iframe>", "</noscript>", "</p>", "</a>", "javascript", "java", ":", "/x", "?", "#", "&amp;",
      '="', "='", ' title="', " href='", '" ', "' ", '">', "'>", ' href="', "<a href=\"", "<p title='", "<svg>", "<script>", "<title>", "<textarea>", "<!doctype html>", "x", "//", "/*", "*/", "`",
      "<% if (it.yes) { %>", "<% if (it.no) { %>", "<% } else { %>", "<% } %>", "<% for (const i of [1, 2]) { %>",
    ];
    const slot = "<%= it.slot(1) %>";
    const piece = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...words) },
      { weight: 2, arbitrary: fc.constant(slot) },
      { weight: 1, arbitrary: fc.constant("<%= json(it.slot(1)) %>") },
    );
    // Closes what may be open, so that more templates are complete.
    const ending = fc.constantFrom(
      "",
      ">",
      '">',
      "'>",
      "-->",
      "</script>",
      "</title>",
      "<% } %>",
      '"><% } %>',
      "></script>",
    );
    let compiled = 0;
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        ending,
        fc.constantFrom(...XSS_PAYLOADS),
        (pieces, end, payload) => {
          const source = pieces.join("") + end;
          if (!source.includes("it.slot")) return;
          const render = (x: string): string => renderOnce(source, { yes: true, no: false, slot: () => x });
          let expected: string;
          try {
            expected = render("x");
          } catch (error) {
            if (error instanceof TemplateError) return;
            throw error;
          }
          compiled += 1;
          const rendered = render(`x${payload}`);
          expect(domShape(rendered), source).toBe(domShape(expected));
          for (const name of ["href", "src"]) {
            const urls = attributeValues(render(payload), name);
            const written = attributeValues(expected, name);
            urls.forEach((url, index) => {
              if (url !== written[index]) expectHarmlessUrl(url);
            });
          }
        },
      ),
      { numRuns: runsOf(3_000) },
    );
    expect(compiled).toBeGreaterThan(100);
  });
});
