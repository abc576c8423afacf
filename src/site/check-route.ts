import { parseDuration } from "../core/duration.ts";
import { RekilnError } from "../core/errors.ts";
import { json } from "../core/json-template.ts";
import { checkList } from "./check-list.ts";
import { checkKeys, isObject, suggest } from "./check-object.ts";
import { lastmodOf } from "./lastmod.ts";
import { parsePath } from "./path.ts";
import { absentInPath } from "./path-absent.ts";
import type { Report } from "./problem.ts";
import type { AnySubject, EachModel, RouteModel, TemplateModel } from "./site.ts";

/** More often than that is what change events are for. */
const SWEEP_SECONDS_MIN = 60;

type Indexes = ReadonlyMap<string, readonly string[]> | undefined;

function checkEach(path: string, value: unknown, indexes: Indexes, report: Report): EachModel | undefined {
  if (value === undefined) return { kind: "one" };
  if (typeof value === "string") {
    if (indexes === undefined || indexes.has(value)) return { kind: "entity", type: value };
    report(path, `names the unknown entity type ${value}`, suggest(value, indexes.keys(), "entity types"));
    return undefined;
  }
  if (!isObject(value) || typeof value["type"] !== "string" || typeof value["field"] !== "string") {
    report(
      path,
      "is neither an entity type nor distinct(type, field)",
      'write each: "film" or distinct("film", "genres")',
    );
    return undefined;
  }
  const { type, field } = value;
  const index = indexes?.get(type);
  if (indexes !== undefined && index === undefined) {
    report(path, `names the unknown entity type ${type}`, suggest(type, indexes.keys(), "entity types"));
  } else if (index !== undefined && !index.includes(field)) {
    report(path, `groups by ${type}.${field}, which isn't indexed`, `add "${field}" to the index of ${type}`);
  }
  return { kind: "distinct", type, field };
}

function checkPath(
  path: string,
  route: Readonly<Record<string, unknown>>,
  report: Report,
): RouteModel["path"] | undefined {
  const value = route["path"];
  if (typeof value === "function") {
    return (subject) => {
      const given: unknown = Reflect.apply(value, undefined, [subject]);
      if (typeof given === "string") {
        refuseAbsent(path, (other) => Reflect.apply(value, undefined, [other]) as unknown, subject, given);
        return given;
      }
      if (given === null) return given;
      throw new RekilnError({
        code: "path-not-text",
        message: `${path} returned ${typeof given} instead of a string or null`,
        disposition: "discard",
        hint: "Return the path as a string, or null when the subject has no page; path can't be async.",
      });
    };
  }
  if (typeof value !== "string") {
    report(path, "is neither a string nor a function", 'write path: "/films/", or a function of the subject');
    return undefined;
  }
  const parsed = parsePath(value);
  if (!parsed.ok) {
    report(path, `${JSON.stringify(value)} ${parsed.problem}`, 'write a path like "/films/" or "/feed.xml"');
  } else if (route["each"] !== undefined) {
    report(
      path,
      "is the same for every subject",
      "give a function of the subject, e.g. (film) => `/films/${film.slug}/`",
    );
  } else if (route["list"] !== undefined && !value.endsWith("/")) {
    report(path, `${JSON.stringify(value)} has a list, but page 2 can't stand below a file`, "end the path in /");
  }
  return () => value;
}

/** A value that isn't there makes no name: `/films/undefined/` would be one page for all that have none. */
function refuseAbsent(at: string, path: (subject: object) => unknown, subject: AnySubject, text: string): void {
  const absent = typeof subject === "object" ? absentInPath(path, subject, text) : undefined;
  if (absent === undefined) return;
  throw new RekilnError({
    code: "path-absent",
    message: `${at} gave ${JSON.stringify(text)}, as ${absent.field} is ${absent.is}.`,
    disposition: "discard",
    hint: "Return null where there is no page, or take another field instead: film.slug ?? film.id.",
  });
}

function checkTemplate(path: string, value: unknown, report: Report): TemplateModel | undefined {
  if (value === json) return { kind: "json" };
  // Its props were typed against `load` where the route was declared.
  if (typeof value === "function")
    return { kind: "function", render: value as (TemplateModel & { kind: "function" })["render"] };
  if (typeof value !== "string") {
    report(
      path,
      "is neither a template's name, nor a function, nor json",
      'write template: "film" for templates/film.eta',
    );
    return undefined;
  }
  const parsed = parsePath(`/${value}.eta`);
  if (!parsed.ok)
    report(path, `templates/${value}.eta ${parsed.problem}`, "give the name of a file below templates/, without .eta");
  return { kind: "eta", name: value };
}

function checkUpdated(path: string, value: unknown, report: Report): RouteModel["updated"] {
  if (typeof value === "function") {
    return (subject) => lastmodOf(path, Reflect.apply(value, undefined, [subject]));
  }
  if (value !== undefined) report(path, "is no function", "write updated: (film) => film.released");
  return () => undefined;
}

function checkCacheControl(path: string, value: unknown, report: Report): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^[ -~]+$/.test(value)) return value;
  report(path, "is no text that a header can hold", 'write cacheControl: "public, max-age=60"');
  return undefined;
}

function checkCacheTags(path: string, value: unknown, report: Report): readonly string[] {
  if (value === undefined) return [];
  const isTag = (tag: unknown): tag is string => typeof tag === "string" && /^[!-+.-~-]+$/.test(tag);
  if (Array.isArray(value) && value.every(isTag)) return [...new Set(value)];
  report(path, "is no array of tags", 'write cacheTags: ["films"]: printable ASCII without spaces and commas');
  return [];
}

function checkSweep(path: string, value: unknown, report: Report): number | undefined {
  if (value === undefined) return undefined;
  const seconds = typeof value === "string" ? parseDuration(value) : undefined;
  if (seconds !== undefined && seconds >= SWEEP_SECONDS_MIN) return seconds;
  report(path, "is no length of time from a minute on", 'write how often its pages are verified, e.g. sweep: "1d"');
  return undefined;
}

function checkName(path: string, name: string, report: Report): void {
  if (/^(?:0|[1-9][0-9]*)$/.test(name)) {
    report(
      path,
      "is a number, and JavaScript moves such keys to the front, whatever their place",
      `rename it, e.g. page${name}`,
    );
  } else if (!/^[^\p{Cc}\p{Cs}]+$/u.test(name)) {
    report(path, "is no name for a route", "give it a name without control characters");
  }
}

/** Checks one route's options. Undefined when something that it needs is wrong; everything wrong is reported. */
export function checkRoute(
  place: { readonly name: string; readonly order: number },
  value: unknown,
  indexes: Indexes,
  report: Report,
): RouteModel | undefined {
  const path = `routes.${place.name}`;
  checkName(path, place.name, report);
  if (!isObject(value)) {
    report(path, "doesn't come from route", `write ${place.name}: route({ path: "/", template: "${place.name}" })`);
    return undefined;
  }
  const options = [
    "each",
    "path",
    "list",
    "load",
    "template",
    "updated",
    "sweep",
    "sitemap",
    "cacheControl",
    "cacheTags",
  ];
  checkKeys(path, value, options, report);
  const each = checkEach(`${path}.each`, value["each"], indexes, report);
  const pathOf = checkPath(`${path}.path`, value, report);
  const list = value["list"] === undefined ? undefined : checkList(`${path}.list`, value["list"], indexes, report);
  const load = value["load"];
  if (load !== undefined && typeof load !== "function") {
    report(`${path}.load`, "is no function", "write load: (read, subject, pager) => ({ ... })");
  }
  const template = checkTemplate(`${path}.template`, value["template"], report);
  const updated = checkUpdated(`${path}.updated`, value["updated"], report);
  const sweepSeconds = checkSweep(`${path}.sweep`, value["sweep"], report);
  const sitemap = value["sitemap"];
  if (sitemap !== undefined && typeof sitemap !== "boolean") {
    report(
      `${path}.sitemap`,
      "is neither true nor false",
      "write sitemap: false to leave its pages out of the sitemap",
    );
  }
  const cacheControl = checkCacheControl(`${path}.cacheControl`, value["cacheControl"], report);
  const cacheTags = checkCacheTags(`${path}.cacheTags`, value["cacheTags"], report);
  if (each === undefined || pathOf === undefined || template === undefined) return undefined;
  // Its reads, subject and pager were typed where the route was declared.
  const loads =
    typeof load === "function"
      ? (load as (...args: Parameters<NonNullable<RouteModel["load"]>>) => unknown)
      : undefined;
  const isListed = sitemap !== false;
  return {
    ...place,
    each,
    path: (subject: AnySubject) => pathOf(subject),
    list,
    load: loads,
    template,
    updated,
    sweepSeconds,
    isListed,
    cacheControl,
    cacheTags,
  };
}
