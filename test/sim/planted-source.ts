import { registerHooks } from "node:module";

/** A bug: a piece of the product's code, and what stands there instead. */
export interface SourceBug {
  /** Below `src/`. */
  readonly file: string;
  readonly code: string;
  readonly instead: string;
  /** What else has to go with it, where one piece makes up for another. */
  readonly also?: SourceBug;
}

const PARAMETER = "planted";
const PROJECT = new URL("../../", import.meta.url.split("?")[0]).href;
const planted = new Map<string, SourceBug>();

/** Modules that a planted module imports are planted too, so that each bug has a program of its own. */
function register(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const name = context.parentURL === undefined ? null : new URL(context.parentURL).searchParams.get(PARAMETER);
      if (name === null || !resolved.url.startsWith(PROJECT) || resolved.url.includes("/node_modules/"))
        return resolved;
      const url = new URL(resolved.url);
      url.searchParams.set(PARAMETER, name);
      return { ...resolved, url: url.href };
    },
    load(given, context, next) {
      const loaded = next(given, context);
      const url = new URL(given);
      const name = url.searchParams.get(PARAMETER);
      if (name === null) return loaded;
      url.search = "";
      let source: string | undefined;
      for (let bug = planted.get(name); bug !== undefined; bug = bug.also) {
        if (url.href === `${PROJECT}src/${bug.file}`) source = replaced(source ?? textOf(loaded.source), bug);
      }
      return source === undefined ? loaded : { ...loaded, source };
    },
  });
}

function textOf(source: unknown): string {
  if (typeof source === "string") return source;
  if (source instanceof Uint8Array) return Buffer.from(source).toString();
  throw new TypeError("a module without a source");
}

function replaced(source: string, { file, code, instead }: SourceBug): string {
  const pieces = source.split(code);
  if (pieces.length !== 2) throw new Error(`${file} has ${pieces.length - 1} times: ${code}`);
  return pieces.join(instead);
}

/** Loads a module of the simulation as a program in which a bug is planted. */
export async function importPlanted<M>(name: string, bug: SourceBug, module: URL): Promise<M> {
  if (planted.size === 0) register();
  planted.set(name, bug);
  const url = new URL(module.href.split("?")[0] ?? "");
  url.searchParams.set(PARAMETER, name);
  // Whoever asks knows what the module exports.
  return (await import(url.href)) as M;
}
