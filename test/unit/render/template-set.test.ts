import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEtaRenderer } from "../../../src/render/eta-renderer.ts";
import { readTemplates, templateClosure } from "../../../src/render/template-set.ts";
import { templateErrorOf } from "./render-once.ts";
import { templateSetOf } from "./template-set-of.ts";

describe("readTemplates", () => {
  let directory: string;
  const write = (name: string, bytes: string | Uint8Array): void => {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), bytes);
  };
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), "rekiln-templates-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("names templates by their path, in order, and keeps their bytes", () => {
    write("film.eta", "\ufeff<p>é</p>\r\n");
    write("partials/card.eta", "<b>");
    write("feed.xml.eta", "<rss/>");
    write("notes.md", "no template");
    const set = readTemplates(directory);
    expect([...set.files.keys()]).toEqual(["feed.xml", "film", "partials/card"]);
    expect(Buffer.from(set.files.get("film") ?? []).toString()).toBe("\ufeff<p>é</p>\r\n");
  });

  it("gives a set that a thread can take", () => {
    write("film.eta", "<p><%= it.x %></p>");
    const set = structuredClone(readTemplates(directory));
    expect(createEtaRenderer(set).render("film", { x: "a" })).toBe("<p>a</p>");
  });

  it("finds none in a directory that isn't there", () => {
    expect(readTemplates(path.join(directory, "nope")).files.size).toBe(0);
  });

  it("reads once: what is written later doesn't matter", () => {
    write("film.eta", "old");
    const set = readTemplates(directory);
    write("film.eta", "new");
    expect(createEtaRenderer(set).render("film", {})).toBe("old");
  });

  it("refuses symbolic links", () => {
    symlinkSync("/etc/passwd", path.join(directory, "film.eta"));
    expect(templateErrorOf(() => readTemplates(directory))).toMatchObject({ file: "film.eta" });
  });

  it("refuses what isn't UTF-8 when it is compiled", () => {
    write("film.eta", Uint8Array.of(0xff, 0xfe));
    expect(templateErrorOf(() => createEtaRenderer(readTemplates(directory)).render("film", {}))).toMatchObject({
      file: "film.eta",
    });
  });
});

describe("templateClosure", () => {
  it("is the template with all that it includes and its layouts, each once", () => {
    const set = templateSetOf({
      film: '<% layout("base") %><%~ include("parts/card") %><% if (it.x) { %><%~ include("parts/rare") %><% } %>',
      base: '<%~ include("./parts/foot") %>',
      "parts/card": '<%~ include("./icon", { a: 1 }) %><%~ include("/parts/card") %>',
      "parts/icon": "",
      "parts/foot": "",
      "parts/rare": "",
      other: "",
    });
    expect(templateClosure(set, "film").names).toEqual([
      "base",
      "film",
      "parts/card",
      "parts/foot",
      "parts/icon",
      "parts/rare",
    ]);
    expect(templateClosure(set, "other").names).toEqual(["other"]);
  });

  it("names the file and line of what can't be followed", () => {
    const set = templateSetOf({ film: '<%~ include("card") %>', card: "\n\n<%~ include(it.kind) %>" });
    expect(templateErrorOf(() => templateClosure(set, "film"))).toMatchObject({ file: "card.eta", line: 3 });
    expect(templateErrorOf(() => templateClosure(set, "nope"))).toMatchObject({ file: "nope.eta", line: undefined });
  });
});
