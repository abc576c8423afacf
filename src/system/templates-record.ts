import { RekilnError } from "../core/errors.ts";
import { digestOf } from "../core/digest.ts";
import { assetRef } from "../core/ref.ts";
import { parsePageKey } from "../core/page.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Assets } from "../press/assets.ts";
import type { Templates } from "../press/site-record.ts";
import { templateClosure } from "../render/template-set.ts";
import type { TemplateSet } from "../render/template-set.ts";
import { codeFingerprint, routeFingerprint } from "../site/fingerprint.ts";
import type { CodeInputs, Fingerprint } from "../site/fingerprint.ts";
import type { Site } from "../site/site.ts";

/** Today's templates, code and assets, as the site record compares them. */
export interface TakenTemplates extends Templates {
  readonly code: Fingerprint;
}

/** @throws RekilnError `template-missing` when a route names a template that isn't there */
export function takeTemplates(
  site: Site,
  code: CodeInputs,
  set: TemplateSet,
  assets: Assets,
  manifest: Manifest,
): TakenTemplates {
  const fingerprint = codeFingerprint(code);
  const routes = new Map<string, string>();
  for (const route of site.routes.values()) {
    const names = route.template.kind === "eta" ? closureOf(set, route.name, route.template.name) : [];
    const digests = names.map((name) => ({ name, digest: digestOf(set.files.get(name) ?? "") }));
    routes.set(route.name, routeFingerprint(fingerprint, digests));
  }
  return {
    code: fingerprint,
    routes,
    assets: new Map([...assets.values()].map(({ file, digest }) => [file, digest])),
    usersOf: (asset) => {
      const users = new Set<string>();
      for (const { key } of manifest.dependants(assetRef(asset))) users.add(parsePageKey(key).route);
      return users;
    },
  };
}

/** @throws RekilnError `template-missing` when a route names a template that isn't there */
export function checkTemplates(site: Site, set: TemplateSet): void {
  for (const { name, template } of site.routes.values()) {
    if (template.kind === "eta") closureOf(set, name, template.name);
  }
}

function closureOf(set: TemplateSet, route: string, name: string): readonly string[] {
  if (set.files.has(name)) return templateClosure(set, name).names;
  const known = [...set.files.keys()].join(", ");
  throw new RekilnError({
    code: "template-missing",
    message: `routes.${route}.template: there is no templates/${name}.eta.`,
    disposition: "fatal",
    hint: known === "" ? "Put it into templates/." : `Make it, or name one of: ${known}.`,
  });
}
