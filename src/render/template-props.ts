import { isProxy } from "node:util/types";

/** What a template's `it` is made of: the values given to it on top of those of the template around it. */
export interface PropsLayer {
  readonly own: object;
  readonly below: PropsLayer | undefined;
}

/** A name of `it` that isn't there. */
class PropsError extends Error {
  override readonly name = "PropsError";
}

/**
 * The `it` of a template: the names of its layers, the upper ones first. A name that is in none is a PropsError, also one that every object
 * inherits (`constructor`, `toString`, `__proto__`); `then`, `toJSON` and symbols are undefined. It can't be written to.
 * Values are read from the layers one by one, when the template reads them.
 */
export function templateProps(layer: PropsLayer): object {
  return new Proxy(layer, HANDLER);
}

function layerWith(top: PropsLayer, name: PropertyKey): object | undefined {
  for (let layer: PropsLayer | undefined = top; layer !== undefined; layer = layer.below) {
    if (Object.hasOwn(layer.own, name)) return layer.own;
  }
  return undefined;
}

const HANDLER: ProxyHandler<PropsLayer> = {
  get(top, name) {
    const owner = layerWith(top, name);
    if (owner !== undefined) return Reflect.get(owner, name);
    if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
    throw new PropsError(`\`it.${name}\` isn't there${knownNames(top)}`);
  },
  has: (top, name) => layerWith(top, name) !== undefined,
  ownKeys: (top) => allNames(top),
  getOwnPropertyDescriptor(top, name) {
    const owner = layerWith(top, name);
    return owner && { value: Reflect.get(owner, name), writable: false, enumerable: true, configurable: true };
  },
  getPrototypeOf: () => null,
  set: refuseWrite,
  defineProperty: refuseWrite,
  deleteProperty: refuseWrite,
};

function refuseWrite(_top: PropsLayer, name: PropertyKey): never {
  throw new PropsError(`\`it.${String(name)}\` can't be written: use a const of your own`);
}

function allNames(top: PropsLayer): (string | symbol)[] {
  const names = new Set<string | symbol>();
  for (let layer: PropsLayer | undefined = top; layer !== undefined; layer = layer.below) {
    for (const name of Reflect.ownKeys(layer.own)) names.add(name);
  }
  return [...names];
}

/** For the message. The names of a recording view are left out: to list them would count as reading them all. */
function knownNames(top: PropsLayer): string {
  for (let layer: PropsLayer | undefined = top; layer !== undefined; layer = layer.below) {
    if (isProxy(layer.own)) return "";
  }
  const names = allNames(top).map(String);
  return names.length === 0 || names.length > 40 ? "" : `: there are ${names.toSorted().join(", ")}`;
}
