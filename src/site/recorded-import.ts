import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { digestOf } from "../core/digest.ts";
import type { Digest } from "../core/digest.ts";

export type RecordedImport =
  | {
      readonly ok: true;
      readonly exports: Readonly<Record<string, unknown>>;
      /** SHA-256 of the bytes that were loaded of every local module, by absolute path; `file` itself is one of them. */
      readonly modules: ReadonlyMap<string, Digest>;
    }
  | {
      readonly ok: false;
      readonly thrown: unknown;
      /** The module that was being resolved, loaded or compiled last. */
      readonly at: string;
      /** The local modules that were loaded before it failed. */
      readonly modules: ReadonlySet<string>;
    };

const OWN_FOLDER = fileURLToPath(new URL("..", import.meta.url));
const OWN_INDEX = new URL(import.meta.url.endsWith(".js") ? "../index.js" : "../index.ts", import.meta.url).href;
const ownRequire = createRequire(import.meta.url);
const TAG = "rekiln-load";
let loads = 0;

/** The path of a `file:` URL that isn't below a `node_modules` folder of the site's tree and isn't rekiln's own. */
function localFile(root: string, url: string): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  const file = fileURLToPath(url);
  if (file.startsWith(OWN_FOLDER) || relative(root, file).split(sep).includes("node_modules")) return undefined;
  return file;
}

function bytesOf(source: ArrayBuffer | ArrayBufferView): Uint8Array {
  return source instanceof ArrayBuffer
    ? new Uint8Array(source)
    : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

/** CommonJS modules are kept by path, whatever the query of their address. */
function forgetCommonJs(root: string): void {
  for (const file of Object.keys(ownRequire.cache)) {
    if (localFile(root, pathToFileURL(file).href) !== undefined) Reflect.deleteProperty(ownRequire.cache, file);
  }
}

/** Without what `recordedImport` adds to the addresses of modules. */
export function withoutTag(text: string): string {
  return text.replaceAll(/[?&]rekiln-load=[0-9]+/g, "");
}

/**
 * Imports a module natively and records every local module that this pulls in, with the very bytes that were loaded.
 * Local is what lies neither below a `node_modules` folder as seen from `root` nor in rekiln's own `src` or `lib`.
 * Each call loads local modules anew: their addresses get a query of their own, which Node keeps for ever, so it is for
 * starts and edits, not for loops. `rekiln` is always the running one, wherever the module lies. It works in any
 * thread, and beside other imports.
 */
export async function recordedImport(root: string, file: string): Promise<RecordedImport> {
  const tag = String(++loads);
  const entry = new URL(pathToFileURL(file));
  entry.searchParams.set(TAG, tag);
  const seen = new Set<string>();
  const required = new Set<string>();
  const modules = new Map<string, Digest>();
  let at = file;
  forgetCommonJs(root);

  /** The local file behind the address of a module of this import; a CommonJS module's address has no tag. */
  const ownFile = (url: string): string | undefined => {
    const found = localFile(root, url);
    const tagged = URL.parse(url)?.searchParams.get(TAG) ?? undefined;
    return found !== undefined && (tagged === undefined ? seen.has(found) : tagged === tag) ? found : undefined;
  };

  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === "rekiln") return nextResolve(OWN_INDEX, context);
      const parent = context.parentURL === undefined ? undefined : ownFile(context.parentURL);
      if (specifier !== entry.href && parent === undefined) return nextResolve(specifier, context);
      at = parent ?? at;
      const resolved = nextResolve(specifier, context);
      const local = localFile(root, resolved.url);
      if (local === undefined) return resolved;
      seen.add(local);
      if (context.conditions.includes("require")) {
        required.add(local);
        return resolved;
      }
      const url = new URL(resolved.url);
      url.searchParams.set(TAG, tag);
      return { ...resolved, url: url.href };
    },
    load(url, context, nextLoad) {
      const local = ownFile(url);
      if (local === undefined) return nextLoad(url, context);
      at = local;
      const loaded = nextLoad(url, context);
      const source = loaded.source ?? readFileSync(local);
      modules.set(local, digestOf(typeof source === "string" ? source : bytesOf(source)));
      return loaded;
    },
  });
  try {
    const exports: unknown = await import(/* @vite-ignore */ entry.href);
    // An ES module that a CommonJS module requires isn't loaded again by a second call.
    for (const local of required) if (!modules.has(local)) modules.set(local, digestOf(readFileSync(local)));
    // A module namespace is an object with string keys.
    return { ok: true, exports: exports as Readonly<Record<string, unknown>>, modules };
  } catch (thrown) {
    return { ok: false, thrown, at, modules: seen };
  } finally {
    hooks.deregister();
  }
}
