import { beforeEach, describe, expect, test } from "vitest";

import { RekilnError } from "../../../src/core/errors.ts";
import { conditionRef, entityRef, existenceRef, existsRef } from "../../../src/core/ref.ts";
import { PageLinks } from "../../../src/press/page-links.ts";
import { PageReader } from "../../../src/press/page-reader.ts";
import { PageRecorder } from "../../../src/press/page-recorder.ts";
import { filmData, filmSite } from "./film-site.ts";

const site = filmSite();
let recorder: PageRecorder;
let reader: PageReader;
let links: PageLinks;

beforeEach(async () => {
  const { snapshot } = await filmData(site, [
    { id: "1", path: "/films/alien é?/", genres: ["space", "very special"], rating: 1 },
    { id: "2", path: null, genres: ["space"], rating: 2 },
    { id: "3", path: "no slash in front", genres: ["space"], rating: 3 },
  ]);
  recorder = new PageRecorder();
  reader = new PageReader(snapshot, recorder, 0);
  links = new PageLinks(site, snapshot, recorder);
});

describe("a link", () => {
  test("to an entity, or to its id, is one address", async () => {
    const film = await reader.get("film", "1");
    expect(links.link("film", "1")).toBe("/base/films/alien%20%C3%A9%3F/");
    expect(links.link("film", film)).toBe("/base/films/alien%20%C3%A9%3F/");
    expect(links.link("film", { id: "1" })).toBe("/base/films/alien%20%C3%A9%3F/");
  });

  test("to a single page needs no subject", () => {
    expect(links.link("home", undefined)).toBe("/base/");
    expect(links.link("feed", undefined)).toBe("/base/feed.xml");
  });

  test("to a value leads to its page", () => {
    expect(links.link("genre", "very special")).toBe("/base/genres/very-special/");
  });

  test("to a further page of a list ends in its number", () => {
    expect(links.link("genre", "space", 2)).toBe("/base/genres/space/2/");
    expect(links.link("films", undefined, 2)).toBe("/base/films/2/");
  });

  test.each<[string, string, unknown, number?]>([
    ["a film that isn't there", "film", "9"],
    ["a film that has no page", "film", "2"],
    ["a film whose path the grammar refuses", "film", "3"],
    ["nothing, where there has to be a subject", "film", undefined],
    ["null", "genre", null],
    ["a value that no film has", "genre", "noir"],
    ["a page past the end", "genre", "space", 3],
    ["page 2 of a route without a list", "film", "1", 2],
    ["a film without the path of this route", "alias", "1"],
  ])("is undefined for %s", (_, route, subject, page) => {
    expect(links.link(route, subject, page)).toBeUndefined();
  });

  test.each([0, -1, 1.5, Number.NaN])("is undefined for page %d", (page) => {
    expect(links.link("genre", "space", page)).toBeUndefined();
  });

  test("to an unknown route is an error that names the known ones", () => {
    expect(() => links.link("flim", "1")).toThrow(RekilnError);
    try {
      links.link("flim", "1");
    } catch (error) {
      expect(error).toMatchObject({
        code: "link-route",
        message: 'There is no route "flim" to link to.',
        hint: "Use one of: film, alias, genre, films, home, feed.",
      });
    }
  });

  test.each<[string, unknown, string]>([
    ["film", 1, "an entity of type film, or its id"],
    ["film", {}, "an entity of type film, or its id"],
    ["genre", { id: "space" }, "a value of film.genres"],
    ["genre", ["space"], "a value of film.genres"],
  ])("of %s refuses %j: it takes %s", (route, subject, wanted) => {
    expect(() => links.link(route, subject)).toThrow(wanted);
  });

  test("refuses an entity of another type, though it has an id", async () => {
    const director = await reader.get("director", "scott");
    expect(() => links.link("film", director)).toThrow("an entity of type film, or its id");
  });
});

describe("a link records", () => {
  const byRef = (left: { ref: number }, right: { ref: number }): number => left.ref - right.ref;

  test("what the target's path used, and no more", () => {
    links.link("film", "1");
    expect(recorder.edges()).toEqual([
      { ref: entityRef("film", "1"), dependency: { kind: "entity", fields: ["path"] } },
    ]);
  });

  test("that there is no such entity", () => {
    links.link("film", "9");
    expect(recorder.edges()).toEqual([{ ref: existenceRef("film", "9"), dependency: { kind: "entity", fields: [] } }]);
  });

  test("whether a value exists, not how many entities have it", () => {
    links.link("genre", "space");
    links.link("genre", "noir");
    expect(recorder.edges()).toEqual([
      {
        ref: existsRef("film", "genres", "space", true),
        dependency: { kind: "exists", where: { genres: "space" }, answer: true },
      },
      {
        ref: existsRef("film", "genres", "noir", false),
        dependency: { kind: "exists", where: { genres: "noir" }, answer: false },
      },
    ]);
  });

  test("for a further page only how many pages there are", () => {
    links.link("genre", "space", 2);
    const ref = conditionRef("film", "genres", "space");
    const where = { genres: "space" };
    const edges = [
      { ref: existsRef("film", "genres", "space", true), dependency: { kind: "exists", where, answer: true } },
      { ref, dependency: { kind: "pages", where, perPage: 2, answer: 2 } },
    ];
    expect(recorder.edges().toSorted(byRef)).toEqual(edges.toSorted(byRef));
  });

  test("nothing for a single page", () => {
    links.link("home", undefined);
    expect(recorder.edges()).toEqual([]);
  });
});
