const packageName = /^\s*([A-Za-z0-9][A-Za-z0-9+.-]*)/;

/**
 * The packages that relation fields name, in the order of their first mention, each once. Alternatives (`a | b`) count
 * as named; versions, architectures and profiles (`a:any (>= 1) [amd64] <!nocheck>`) are left out.
 */
export function dependencyNames(...relations: readonly (string | undefined)[]): string[] {
  const names = new Set<string>();
  for (const relation of relations) {
    for (const alternative of relation?.split(/[,|]/) ?? []) {
      const name = packageName.exec(alternative)?.[1];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names];
}
