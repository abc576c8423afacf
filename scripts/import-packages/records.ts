import { slug } from "../../src/site/slug.ts";
import { dependencyNames } from "./dependency-names.ts";
import type { Stanza } from "./stanza.ts";

/** A line of `package.ndjson`. What a package doesn't have is left out. */
export interface PackageRecord {
  readonly id: string;
  readonly version: string;
  readonly source: string;
  readonly maintainer: string;
  readonly section: string;
  readonly priority: string;
  readonly architecture: string;
  /** Bytes to download. */
  readonly size: number;
  /** KiB on disk, as the package's maintainers estimate it. */
  readonly installedSize?: number;
  readonly homepage?: string;
  readonly tags?: readonly string[];
  /** Depends and Pre-Depends; some names are virtual packages, or packages that don't exist. */
  readonly depends?: readonly string[];
  readonly recommends?: readonly string[];
  readonly suggests?: readonly string[];
  readonly description?: string;
}
export interface SourceRecord {
  readonly id: string;
  readonly version: string;
  readonly maintainer: string;
  readonly section: string;
}
export interface MaintainerRecord {
  readonly id: string;
  readonly name: string;
}
/** What one stanza of a package index says. */
export interface StanzaRecords {
  readonly package: PackageRecord;
  readonly source: SourceRecord;
  readonly maintainer: MaintainerRecord;
}

/** @throws Error when a field that every package has is missing or isn't what it should be. */
export function recordsOf(stanza: Stanza): StanzaRecords {
  const id = required(stanza, "Package");
  const version = required(stanza, "Version");
  const section = required(stanza, "Section");
  const maintainer = maintainerOf(required(stanza, "Maintainer"));
  const source = sourceOf(stanza.get("Source"), id, version);
  return {
    package: withoutEmpty({
      id,
      version,
      source: source.id,
      maintainer: maintainer.id,
      section,
      priority: stanza.get("Priority") ?? "optional",
      architecture: required(stanza, "Architecture"),
      size: wholeNumber(stanza, "Size"),
      installedSize: stanza.has("Installed-Size") ? wholeNumber(stanza, "Installed-Size") : undefined,
      homepage: homepageOf(stanza.get("Homepage")),
      tags: tagsOf(stanza.get("Tag")),
      depends: dependencyNames(stanza.get("Depends"), stanza.get("Pre-Depends")),
      recommends: dependencyNames(stanza.get("Recommends")),
      suggests: dependencyNames(stanza.get("Suggests")),
      description: withoutAddresses(stanza.get("Description")?.split("\n")[0]),
    }),
    source: { ...source, maintainer: maintainer.id, section },
    maintainer,
  };
}

function required(stanza: Stanza, field: string): string {
  const value = stanza.get(field);
  if (value === undefined || value === "") {
    throw new Error(`package ${stanza.get("Package") ?? "(without a name)"} has no ${field}`);
  }
  return value;
}

function wholeNumber(stanza: Stanza, field: string): number {
  const text = required(stanza, field);
  if (!/^\d+$/.test(text))
    throw new Error(`package ${required(stanza, "Package")}: ${field} is ${JSON.stringify(text)}`);
  return Number(text);
}

/** `Source: gcc-12 (12.2.0-14)` names the version where it isn't the package's own; without the field both are its own. */
function sourceOf(field: string | undefined, id: string, version: string): { id: string; version: string } {
  const [, name = id, own = version] = /^(\S+)(?:\s+\((.+)\))?$/.exec(field ?? "") ?? [];
  return { id: name, version: own };
}

/**
 * The name without its e-mail address. Spellings that differ in case, accents or punctuation are one maintainer; the
 * name isn't unique in the index either, but nothing else there may be published.
 */
function maintainerOf(field: string): MaintainerRecord {
  const name = (withoutAddresses(field.replace(/<[^>]*>/g, "")) ?? "")
    .replace(/^\s*"(.*)"\s*$/, "$1")
    .replace(/\s+/g, " ")
    .trim()
    .normalize("NFC");
  if (name === "") return { id: "unnamed", name: "Unnamed maintainer" };
  // By way of upper case, which writes `ß` as `SS`: paths that fold to the same would collide.
  return { id: slug(name.toUpperCase()), name };
}

/** Debtags such as `role::program`. `role::TODO` says that nobody has looked yet: not a tag. */
function tagsOf(field: string | undefined): string[] {
  const tags = (field ?? "").split(",").map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== "" && !tag.endsWith("::TODO")))];
}

function homepageOf(field: string | undefined): string | undefined {
  return field !== undefined && /^https?:\/\//i.test(field) && URL.canParse(field) && !hasAddress(field)
    ? field
    : undefined;
}

const address = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;

function hasAddress(text: string): boolean {
  return text.search(address) >= 0;
}

function withoutAddresses(text: string | undefined): string | undefined {
  return text?.replace(address, "").replace(/ {2,}/g, " ").trim();
}

/** The record without `undefined`, `""` and `[]`, which the site's schema fills in again. */
function withoutEmpty(record: { readonly [K in keyof PackageRecord]: PackageRecord[K] | undefined }): PackageRecord {
  const filled = Object.entries(record).filter(
    ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  // Only optional fields can be empty: the others come from `required` or are never undefined.
  return Object.fromEntries(filled) as unknown as PackageRecord;
}
