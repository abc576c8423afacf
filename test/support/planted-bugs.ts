import type { Dependency } from "../../src/core/dependency.ts";
import type { LeftPathReads, LeftPaths, LeftPathWrites } from "../../src/manifest/left-paths.ts";
import type { Dependant, ManifestReads, ManifestTransaction } from "../../src/manifest/manifest.ts";
import type { Plant } from "./build-in-process.ts";

/** `target` with some of its methods replaced. */
function replacing<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, property) {
      if (property in methods) return Reflect.get(methods, property);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A manifest that doesn't find some of the dependencies that it holds. */
function blindTo(isUnseen: (dependency: Dependency) => boolean): Plant {
  const dependants = (reads: ManifestReads): Pick<ManifestReads, "dependants"> => ({
    *dependants(ref): Iterable<Dependant> {
      for (const dependant of reads.dependants(ref)) if (!isUnseen(dependant.dependency)) yield dependant;
    },
  });
  return {
    manifest: (manifest) =>
      replacing(manifest, {
        ...dependants(manifest),
        look: (asked) => {
          const look = manifest.look(asked);
          return replacing(look, dependants(look));
        },
        transact: (work) => manifest.transact((transaction) => work(replacing(transaction, dependants(transaction)))),
      }),
  };
}

/** A manifest that knows less of the paths that pages have left. */
function forgettingLeft(methods: Partial<LeftPathReads>): Plant {
  return {
    manifest: (manifest) => {
      const left = { left: replacing<LeftPaths>(manifest.left, methods) };
      const written = (transaction: ManifestTransaction): ManifestTransaction =>
        replacing(transaction, { left: replacing<LeftPathWrites>(transaction.left, methods) });
      return replacing(manifest, {
        ...left,
        look: (asked) => {
          const look = manifest.look(asked);
          return replacing(look, { left: replacing(look.left, methods) });
        },
        transact: (work) => manifest.transact((one) => work(written(one))),
      });
    },
  };
}

/** Bugs by what they do, each as a wrap around what a build works with. */
export const PLANTED_BUGS: Readonly<Record<string, Plant>> = {
  "lists that an entity leaves are forgotten": {
    source: (source) =>
      replacing(source, {
        changesSince: (version) =>
          source
            .changesSince(version)
            ?.map((change) => ({ ...change, before: change.before.filter((tuple) => tuple === null) })),
      }),
  },
  "only the first of the fields that changed is looked at": {
    source: (source) =>
      replacing(source, {
        changesSince: (version) =>
          source.changesSince(version)?.map((change) => ({ ...change, ...firstOf(change.fields) })),
      }),
  },
  "pages whose path comes free, or is taken, aren't pressed again": {
    pool: (pool) =>
      replacing(pool, { press: async (keys, options) => ({ ...(await pool.press(keys, options)), again: [] }) }),
  },
  "an entity's fields are overlooked": blindTo(({ kind }) => kind === "entity"),
  "whether an entity exists is overlooked": blindTo((one) => one.kind === "entity" && one.fields.length === 0),
  "windows are overlooked": blindTo(({ kind }) => kind === "window"),
  "windows further down are overlooked": blindTo((one) => one.kind === "window" && one.window.first !== undefined),
  "windows that aren't full are overlooked": blindTo((one) => one.kind === "window" && one.window.last === undefined),
  "counts are overlooked": blindTo(({ kind }) => kind === "count"),
  "values are overlooked": blindTo(({ kind }) => kind === "values"),
  "whether a value exists is overlooked": blindTo(({ kind }) => kind === "exists"),
  "numbers of pages are overlooked": blindTo(({ kind }) => kind === "pages"),
  "pages that a list comes to have are overlooked": blindTo(({ kind }) => kind === "extent"),
  "marks of sitemaps are overlooked": {
    manifest: (manifest) =>
      replacing(manifest, { sitemaps: replacing(manifest.sitemaps, { marks: () => [], begin: () => [] }) }),
  },
  "claims are overlooked": blindTo(({ kind }) => kind === "claim"),
  "redirects and tombstones stay where a page comes": forgettingLeft({ at: () => undefined, below: () => [] }),
  "redirects stay as they are when their page moves on, or goes": forgettingLeft({ of: () => [] }),
  "folders that a file stands in the way of are overlooked": blindTo(({ kind }) => kind === "folder"),
};

function firstOf(fields: readonly string[] | undefined): { readonly fields: readonly string[] | undefined } {
  return { fields: fields?.slice(0, 1) };
}
