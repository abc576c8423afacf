import { dependencyNames } from "./dependency-names.ts";
import { type PackageIndex, readPackageIndex } from "./package-index.ts";

/** Well-known programs; with all that they depend on they make some 300 packages. */
export const fixtureSeeds: readonly string[] = [
  "apache2",
  "apt",
  "bash",
  "build-essential",
  "cmake",
  "coreutils",
  "curl",
  "git",
  "haproxy",
  "htop",
  "jq",
  "less",
  "mariadb-server",
  "nginx",
  "nodejs",
  "openssh-server",
  "php-cli",
  "postgresql",
  "python3",
  "redis-server",
  "rsync",
  "ruby",
  "screen",
  "sqlite3",
  "tmux",
  "vim",
  "wget",
  "zsh",
];

/** The seeds and, as far as the index has them, all packages that they depend on, directly or not. */
export async function dependencyClosure(index: PackageIndex, seeds: readonly string[]): Promise<ReadonlySet<string>> {
  const depends = new Map<string, readonly string[]>();
  for await (const stanza of readPackageIndex(index)) {
    const id = stanza.get("Package") ?? "";
    if (!depends.has(id)) depends.set(id, dependencyNames(stanza.get("Depends"), stanza.get("Pre-Depends")));
  }
  const missing = seeds.filter((seed) => !depends.has(seed));
  if (missing.length > 0) throw new Error(`the index has no ${missing.join(", ")}`);
  const closed = new Set(seeds);
  // A set is walked in the order of insertion, what is added meanwhile included.
  for (const id of closed) {
    for (const name of depends.get(id) ?? []) if (depends.has(name)) closed.add(name);
  }
  return closed;
}
