import { Html, raw } from "../core/html.ts";
import { json } from "../core/json-template.ts";
import { messageOf } from "../core/errors.ts";
import { compileTemplate, type TemplateFunction, type TemplateRuntime } from "./compile-template.ts";
import { parseTemplate, usedBy, type TagPart } from "./parse-template.ts";
import { TemplateError, type Renderer } from "./renderer.ts";
import { plus, within } from "./operands.ts";
import { requireHtml, SlotError } from "./slot-value.ts";
import { templateProps, type PropsLayer } from "./template-props.ts";
import type { TemplateSet } from "./template-set.ts";

export interface EtaRendererOptions {
  /** How deep includes and layouts may nest; 100 unless told. */
  readonly maxDepth?: number;
}

export interface EtaRenderer extends Renderer {
  /** Every template that can't be compiled, in the order of their names. */
  readonly broken: readonly TemplateError[];
}

/**
 * Renders Eta templates (eta.js.org: `<%= %>`, `<%~ %>`, `<% %>`, `include`, `layout`) with values escaped by where they stand. All templates are
 * compiled at once, so that what is wrong in one is found at the start.
 *
 * - By the template's name: HTML; XML (`feed.xml`); `json(…)` only (`x.json`, `x.js`, `x.css`); plain text (`robots.txt`). See `templateKind`.
 * - In `<script>` only `json(…)` is printed, where a whole value may stand. In attributes that hold addresses a scheme but http, https, mailto
 *   and tel gives `about:invalid#blocked`.
 * - `null` prints nothing; `undefined`, objects and functions are errors. As a value of a template literal or an operand of `+`, `null` adds nothing
 *   and `undefined` is an error. `raw(markup)` prints markup as it stands, as `include` does.
 * - `include(name, data)` and `layout(name, data)` give `it` with the names of `data` on top; a layout prints `it.body`.
 * - A template begins and ends outside of tags, and so does each branch, as far as its ways have to meet.
 *
 * One that can't be compiled is in `broken`, and whatever includes it can't be rendered; the others can.
 */
export function createEtaRenderer(set: TemplateSet, options: EtaRendererOptions = {}): EtaRenderer {
  const maxDepth = options.maxDepth ?? 100;
  const names = [...set.files.keys()];
  const indexes = new Map(names.map((name, index) => [name, index]));
  const indexOf = (name: string): number => indexes.get(name) ?? -1;
  const functions: TemplateFunction[] = [];
  const broken = new Map<string, TemplateError>();
  const uses = new Map<string, readonly string[]>();
  let depth = 0;

  function run(index: number, layer: PropsLayer): string {
    const template = functions[index];
    if (template === undefined) throw new Error(`no template of index ${index}`);
    if (depth >= maxDepth) throw new Error(`templates nest deeper than ${maxDepth}: does one include itself for ever?`);
    depth += 1;
    try {
      return template(layer);
    } finally {
      depth -= 1;
    }
  }

  const shared = {
    raw: rawMarkup,
    json,
    __props: templateProps,
    __html: requireHtml,
    __plus: plus,
    __within: within,
    __include: (index: number, layer: PropsLayer, data?: unknown) =>
      new Html(run(index, data === undefined ? layer : layerOf(data, layer))),
    __wrap: (index: number, layer: PropsLayer, data: unknown, body: string) =>
      run(index, { own: { body: new Html(body) }, below: data === undefined ? layer : layerOf(data, layer) }),
  };
  const compile = (name: string): TemplateFunction => {
    const template = parseTemplate(set, name);
    uses.set(name, usedBy(template));
    const compiled = compileTemplate(template, indexOf);
    const runtime: TemplateRuntime = {
      ...shared,
      __fail: (thrown, tag) => failure(template.file, compiled.tags[tag], thrown),
    };
    return compiled.link(runtime);
  };
  for (const name of names) {
    try {
      functions.push(compile(name));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      broken.set(name, error);
      functions.push(() => {
        throw error;
      });
    }
  }

  return {
    broken: [...broken.values()],
    brokenBy(template) {
      if (broken.size === 0) return [];
      const reached = new Set([template]);
      for (const name of reached) for (const used of uses.get(name) ?? []) reached.add(used);
      return [...broken].filter(([name]) => reached.has(name)).map(([, error]) => error);
    },
    render(template, props) {
      const index = indexes.get(template);
      if (index === undefined) {
        throw new TemplateError(
          `${template}.eta`,
          undefined,
          `there is no template \`${template}\`: create the file, or correct the name`,
        );
      }
      return run(index, { own: props, below: undefined });
    },
  };
}

function layerOf(data: unknown, below: PropsLayer): PropsLayer {
  if (typeof data === "object" && data !== null) return { own: data, below };
  throw new TypeError("the second argument of include and layout is an object of names: write { film: it.film }");
}

function rawMarkup(markup: unknown): Html {
  if (typeof markup === "string") return raw(markup);
  if (markup instanceof Html) return markup;
  throw new TypeError(`raw(…) takes a string of markup, and was given ${markup === null ? "null" : typeof markup}`);
}

function failure(file: string, tag: TagPart | undefined, thrown: unknown): TemplateError {
  if (thrown instanceof TemplateError) return thrown;
  const part = thrown instanceof SlotError ? thrown.code : undefined;
  // Names of our own are in no template.
  const code = (part?.includes("__") === false ? part : (tag?.code ?? "")).replaceAll(/\s+/g, " ").trim();
  const shown = code.length > 80 ? `${code.slice(0, 79)}…` : code;
  const message = thrown instanceof SlotError ? `\`${shown}\` ${thrown.message}` : messageOf(thrown);
  return new TemplateError(file, tag?.line, message, thrown);
}
