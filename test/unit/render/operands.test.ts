import { describe, expect, it } from "vitest";
import { renderOnce, templateErrorOf } from "./render-once.ts";

const item = { title: "t", none: null, n: 2, list: ["a", "b"] };
const render = (source: string): string => renderOnce(source, { item, absent: undefined });

describe("a name that isn't there is an error, never the word `undefined`,", () => {
  it.each([
    ["in a template literal", "<%= `${it.item.absent}` %>", "it.item.absent"],
    ["among its other values", "<%= `${it.item.title} (${ it.item.absent })` %>", "it.item.absent"],
    ["in a literal within a literal", "<%= `a${it.item.title ? `b${it.item.absent}` : ''}` %>", "it.item.absent"],
    ["behind a +", '<%= "x" + it.item.absent %>', "it.item.absent"],
    ["before a +", '<%= it.item.absent + "x" %>', "it.item.absent"],
    ["between two", '<%= "x" + it.item.absent + "y" %>', "it.item.absent"],
    ["in an addition, which would print NaN", "<%= it.item.n + it.item.absent %>", "it.item.absent"],
    ["in brackets", '<%= "x" + (it.item.absent) %>', "(it.item.absent)"],
    ["in an argument", '<%= it.item.title.concat("x" + it.item.absent) %>', "it.item.absent"],
    [
      "in json(…)",
      '<script type="application/json">\n<%= json({ a: `${it.item.absent}` }) %></script>',
      "it.item.absent",
    ],
    ["in an attribute", '<a href="/<%= `films/${it.item.absent}/` %>">x</a>', "it.item.absent"],
    ["in what an include is given", '<% const a = { b: "x" + it.item.absent } %><%= a.b %>', "it.item.absent"],
    ["in a function", "<% const f = (x) => `x${x}`; %><%= f(it.item.absent) %>", "x"],
    ["where a text grows", '<% let a = "x"; a += it.item.absent; %><%= a %>', "it.item.absent"],
    ["where a field's text grows", '<% const a = { b: "x" }; a["b"] += it.item.absent; %><%= a.b %>', "it.item.absent"],
    ["where what grows isn't there", '<% const a = {}; a[it.item.n] += "x"; %><%= a[2] %>', "a[it.item.n]"],
    [
      "behind a target that is called",
      '<% const a = { b: "x" }; (() => a)().b += it.absent; %><%= a.b %>',
      "it.absent",
    ],
    ["behind a comment with a + in it", '<%= "x" /* + */ + /* + */ it.item.absent %>', "it.item.absent"],
    ["on a line of its own", '<%= "x" // a + b\n  + it.item.absent %>', "it.item.absent"],
    ["in a head of a loop", '<% for (const x of ["a" + it.absent]) { %><%= x %><% } %>', "it.absent"],
    ["in a condition", '<% if (`${it.absent}` === "a") { %><% } else { %><% } %>', "it.absent"],
    ["in another branch's condition", '<% if (false) { %><% } else if ("a" + it.absent) { %><% } %>', "it.absent"],
    ["behind a brace", '<% if (true) { %>a<% } const a = "b" + it.absent; %>', "it.absent"],
    ["within a callback", "<% [1].forEach((x) => { %><%= `${x}${it.absent}` %><% }) %>", "it.absent"],
    ["in what looks like a block", '<%= { a: "x" + it.absent }.a %>', "it.absent"],
    ["behind a ++", "<% let i = 0; %><%= i+++it.item.absent %>", "it.item.absent"],
  ])("%s", (_, source, code) => {
    const error = templateErrorOf(() => render(source));
    expect(error.message).toMatch(`\`${code}\` is undefined: test it with if first`);
    expect(error.file).toBe("page.eta");
  });

  it("with the line of its tag", () => {
    const source = '<p>\n<% if ("a" + it.item.title) { %>\n\n<%= `a\n${it.item.title}` +\n`${it.absent}` %>\n<% } %>';
    expect(templateErrorOf(() => render(source))).toMatchObject({ line: 4 });
    expect(templateErrorOf(() => render('\n<% if ("a" + it.absent) { %><% } %>'))).toMatchObject({ line: 2 });
  });

  it("with the whole tag where the operand holds a name of the compiler's", () => {
    const source = '<%= "x" + (it.absent && include("page")) %>';
    expect(templateErrorOf(() => render(source)).message).toMatch(
      '`"x" + (it.absent && include("page"))` is undefined',
    );
  });
});

describe("everything else is as JavaScript has it:", () => {
  it.each([
    ["`${it.item.title}${1}${true}`", "t1true"],
    ["`${it.item.none}x`", "x"],
    ['"x" + it.item.none', "x"],
    ['it.item.none + "x"', "x"],
    ["it.item.none + it.item.none", ""],
    ["it.item.none + 1", "1"],
    ["1 + 2 + 'a' + 1 + 2", "3a12"],
    ["'a' + (1 + 2) * 3", "a9"],
    ["'a' + it.item.list", "aa,b"],
    ["'' + +'2' - -1 + 1", "4"],
    ["`a` + 'b'", "ab"],
    ["'a' + (it.absent ?? 'b')", "ab"],
    ["it.absent === undefined ? 'a' + 1 : 'b' + it.absent", "a1"],
    ["String.raw`a${1 + 1}\\n${it.item.title}`", "a2\\nt"],
    ["((parts, ...values) => values.length)`${it.absent}${'a' + 1}`", "2"],
    ["it.item.list.map((x, i) => x + i).join('+')", "a0+b1"],
    ["`${(() => { let a = 1; a += 2; a++; return a + 1 })()}`", "5"],
    ["(() => { const o = { n: 1 }; let i = 0; const k = ['n']; o[k[i++]] += 2; return `${o.n}${i}` })()", "31"],
    ["(({ title, n = 1 + 1 }) => title + n)({ title: 'a' })", "a2"],
    ["'a+b'.replace(/[+]/g, '${') + 1", "a${b1"],
    ["`${'}'}${`${'`'}`}`", "}`"],
  ])("%s", (code, expected) => {
    expect(renderOnce(`<%= ${code} %>`, { item, absent: undefined }, {}, "page.txt")).toBe(expected);
  });

  it("statements without semicolons, on lines of their own", () => {
    const source =
      "<% let a = 1\nlet b = a\n+ 1\n;[1, 2].forEach((x) => { b += x })\na = b\na + b\n++a\nb + `x${a}` %><%= a %>,<%= b %>";
    expect(renderOnce(source)).toBe("6,5");
  });

  it("a template without a + is compiled as it was", () => {
    expect(renderOnce("<% for (let i = 0; i < 2; i++) { %><%= i %><% } %>")).toBe("01");
  });

  it.each([
    ["<p>\n<% const `${a} %>", 2],
    ["<p>\n\n<%= `${it.item.title` %>", 3],
    ["<p>\n<% const a = 1 + 1 %>\n<% const a = 2 %>", 3],
  ])("a mistake beside one has its line: %j", (source, line) => {
    expect(templateErrorOf(() => render(source))).toMatchObject({ file: "page.eta", line });
  });
});
