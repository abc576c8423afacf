import { ENCODINGS } from "../core/encoding.ts";
import type { Encoding } from "../core/encoding.ts";
import { checkEntities } from "./check-entities.ts";
import { checkQueue, checkS3 } from "./check-fleet.ts";
import { checkManifest } from "./check-manifest.ts";
import { checkKeys, isObject } from "./check-object.ts";
import { checkPrices } from "./check-prices.ts";
import { checkRoute } from "./check-route.ts";
import { checkSource } from "./check-source.ts";
import { checkSchedule } from "./check-schedule.ts";
import type { S3Store } from "./declare-fleet.ts";
import { directory } from "./define-site.ts";
import type { DirectoryStore } from "./define-site.ts";
import type { Problem, Report } from "./problem.ts";
import type { RouteModel, Site } from "./site.ts";

function checkUrl(value: unknown, report: Report): Pick<Site, "url" | "base"> {
  const hint = "give where the site answers, e.g. https://example.com or https://example.com/films";
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    report("url", "is no absolute http or https address", hint);
    return { url: "", base: "" };
  }
  if (/[?#]/.test(String(value))) report("url", "has a query or a fragment", hint);
  if (url.username !== "" || url.password !== "") report("url", "holds a user name or a password", hint);
  const base = url.pathname.replace(/(?<!\/)\/+$/, "");
  return { url: url.origin + base, base };
}

function checkEnv(value: unknown, report: Report): readonly string[] {
  if (value === undefined) return [];
  const isName = (name: unknown): name is string => typeof name === "string" && /^[^=\0]+$/.test(name);
  if (Array.isArray(value) && value.every(isName)) return [...new Set(value)];
  report("env", "is no array of names", 'give names of environment variables, e.g. env: ["SITE_LANGUAGE"]');
  return [];
}

function checkStore(value: unknown, report: Report): DirectoryStore | S3Store | undefined {
  if (value === undefined) return directory("dist/");
  if (isObject(value) && value["kind"] === "directory" && typeof value["dir"] === "string" && value["dir"] !== "") {
    return { kind: "directory", dir: value["dir"] };
  }
  if (isObject(value) && value["kind"] === "s3") return checkS3("store", value, report);
  report(
    "store",
    "doesn't come from directory or s3",
    'write store: directory("dist/") or s3("s3://bucket"), or leave it out',
  );
  return undefined;
}

function checkSnapshots(value: unknown, report: Report): S3Store | undefined {
  if (value === undefined) return undefined;
  if (isObject(value) && value["kind"] === "s3") return checkS3("snapshots", value, report);
  report("snapshots", "doesn't come from s3", 'write snapshots: s3("s3://bucket/snapshots"), or leave it out');
  return undefined;
}

/** Whether what is stored at a place would stand among the pages. */
export function isWithin(place: Pick<S3Store, "bucket" | "prefix">, store: S3Store): boolean {
  return place.bucket === store.bucket && place.prefix.startsWith(store.prefix);
}

function checkCompress(value: unknown, report: Report): readonly Encoding[] {
  if (value === undefined) return [];
  const wanted: unknown[] = Array.isArray(value) ? value : [undefined];
  if (wanted.every((one) => one === "br" || one === "gzip")) return ENCODINGS.filter((one) => wanted.includes(one));
  report("compress", "is no array of encodings", 'write compress: ["br", "gzip"], or leave it out');
  return [];
}

/**
 * Checks what a config exports as its default, and gives the site that the machine runs on. All mistakes are reported
 * at once, each with the key path of the value and what to do.
 */
export function checkSite(options: unknown): { readonly site: Site } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const report: Report = (path, message, hint) => problems.push({ path, message, hint });
  if (!isObject(options)) {
    report(
      "default export",
      options === undefined ? "is missing" : "is no object",
      "write export default defineSite({ ... })",
    );
    return { problems };
  }
  const services = ["source", "store", "manifest", "queue", "snapshots"];
  const known = ["url", "env", ...services, "compress", "schedule", "prices", "entities", "routes"];
  checkKeys("", options, known, report);
  const address = checkUrl(options["url"], report);
  const env = checkEnv(options["env"], report);
  const store = checkStore(options["store"], report);
  const compress = checkCompress(options["compress"], report);
  if (compress.length > 0 && store?.kind === "s3") {
    report(
      "compress",
      "makes twins in a directory, and the store is a bucket",
      'leave it out; s3("…", { compress: "gzip" }) stores pages packed, or let the CDN in front do it',
    );
  }
  const manifest = checkManifest(options["manifest"], store?.kind, report);
  const queue = checkQueue(options["queue"], report);
  const snapshots = checkSnapshots(options["snapshots"], report);
  const schedule = checkSchedule(options["schedule"], report);
  const prices = checkPrices(options["prices"], report);
  const entities = checkEntities(options["entities"], report);
  const types = entities === undefined ? undefined : [...entities.indexes.keys()];
  const source = checkSource(options["source"], types, report);
  for (const [path, place] of Object.entries({ source: source?.kind === "snapshot" ? source : undefined, snapshots })) {
    if (place === undefined || store?.kind !== "s3" || !isWithin(place, store)) continue;
    report(path, "is among the pages of `store`", "give snapshots a prefix of their own, outside of it");
  }
  const routes = new Map<string, RouteModel>();
  const declared = options["routes"];
  if (!isObject(declared) || Object.keys(declared).length === 0) {
    report("routes", "declares no route", 'write routes: { home: route({ path: "/", template: "home" }) }');
  } else {
    for (const [order, [name, value]] of Object.entries(declared).entries()) {
      const route = checkRoute({ name, order }, value, entities?.indexes, report);
      if (route !== undefined) routes.set(name, route);
    }
  }
  if (problems.length > 0 || source === undefined || store === undefined) return { problems };
  if (queue === undefined || entities === undefined) return { problems };
  const declaredElsewhere = { source, store, manifest, queue, snapshots, compress, schedule, prices };
  return { site: { ...address, env, ...declaredElsewhere, entities: entities.models, routes } };
}
