import { digestOf } from "../core/digest.ts";
import { assetRef } from "../core/ref.ts";
import { parsePageKey } from "../core/page.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Assets } from "../press/assets.ts";
import type { Templates } from "../press/site-record.ts";
import { TemplateError } from "../render/renderer.ts";
import { templateClosure } from "../render/template-set.ts";
import type { TemplateSet } from "../render/template-set.ts";
import { codeFingerprint, routeFingerprint } from "../site/fingerprint.ts";
import type { CodeInputs, Fingerprint } from "../site/fingerprint.ts";
import type { Site } from "../site/site.ts";

/** Today's templates, code and assets, as the site record compares them. */
export interface TakenTemplates extends Templates {
  readonly code: Fingerprint;
}

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
    const names = route.template.kind === "eta" ? closureOf(set, route.template.name) : [];
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

/** What a template includes isn't known while it, or one of those, can't be read: then all of them count, so that a mended one is seen. */
function closureOf(set: TemplateSet, name: string): readonly string[] {
  try {
    return templateClosure(set, name).names;
  } catch (error) {
    if (error instanceof TemplateError) return [...set.files.keys()];
    throw error;
  }
}
