import { describe, expect, it } from "vitest";
import { Html, raw } from "../../../src/core/html.ts";
import { html as markup } from "../../../src/render/html-tag.ts";
import { json } from "../../../src/core/json-template.ts";
import { templateErrorOf } from "./render-once.ts";

// Under another name, as the formatter rewrites what stands in html`…`.
describe("html`…`", () => {
  it("escapes each value by where it stands", () => {
    const x = `<b> & "q"`;
    const page = markup`<a title="${x}" href="${"javascript:x"}">${x}</a><script>
        f(${json(x)});
      </script>`;
    expect(page).toBeInstanceOf(Html);
    expect(page.html).toContain(
      '<a title="&lt;b&gt; &amp; &quot;q&quot;" href="about:invalid#blocked">&lt;b&gt; &amp; "q"</a>',
    );
    expect(page.html).toContain(String.raw`f("\u003cb\u003e \u0026 \"q\"");`);
  });

  it("writes markup and arrays of it as they stand in text", () => {
    const items = ["a", "<"].map((each) => markup`<li>${each}</li>`);
    expect(markup`<ul title="${raw("<b>")}">${items}${raw("<hr>")}${[]}${null}${1}</ul>`.html).toBe(
      '<ul title="&lt;b&gt;"><li>a</li><li>&lt;</li><hr>1</ul>',
    );
  });

  it("escapes anew each time, though the literal is read once", () => {
    const bold = (x: unknown): string => markup`<b>${x}</b>`.html;
    expect([bold("<"), bold(raw("<i>")), bold(2)]).toEqual(["<b>&lt;</b>", "<b><i></b>", "<b>2</b>"]);
  });

  it.each([
    ["undefined", () => markup`<p>\n${undefined}</p>`, "value 1 is undefined"],
    ["an object", () => markup`<p>\n${{}}</p>`, "value 1 is an object"],
    ["an array of strings", () => markup`<p>\n${["<b>"]}</p>`, "value 1 is an array"],
    ["an unquoted value", () => markup`<p\ntitle=${"a"}></p>`, "value 1: the value of `title` isn't in quotes"],
    ["an event handler", () => markup`<p>${"a"}</p><p\nonclick="${"a"}"></p>`, "value 2: `onclick` holds a script"],
    ["a literal that ends in a tag", () => markup`<p>\n<a`, "<a is still open"],
    ["a literal that can't be followed", () => markup`<svg>\n<![CDATA[]]></svg>`, "CDATA"],
  ])("refuses %s with the line", (_, act, message) => {
    expect(templateErrorOf(act)).toMatchObject({ line: 2, message: expect.stringContaining(message) });
  });
});
