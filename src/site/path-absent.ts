/** What JavaScript writes for values that are no text. */
const ODD = /undefined|null|NaN|\[object Object\]/gi;
/** What it writes for the same places, when absent values are null and the other way round. */
const ODD_OTHERWISE = String.raw`(?:undefined|null|NaN|-?[0-9.]+(?:e[+-]?[0-9]+)?|\[object rekiln\])`;

/** A value that a path used, and that has no text of its own. */
export interface AbsentValue {
  /** `slug`; `director.name` and `genres.0` for what lies deeper. */
  readonly field: string;
  readonly is: "absent" | "null" | "an object";
}

/**
 * What of `subject` stands in a path as `undefined`, `null`, `NaN` or `[object Object]`; undefined when nothing does.
 *
 * The path is evaluated once more, with null for what is absent and the other way round: a text that was made of such a value is
 * another one then, at these very places. A fallback (`film.slug ?? film.id`), a test (`film.draft ? null : …`), and a text that the data
 * holds or the config writes stay what they were. Only paths that look like it are evaluated again.
 */
export function absentInPath(
  path: (subject: object) => unknown,
  subject: object,
  text: string,
): AbsentValue | undefined {
  if (text.search(ODD) < 0) return undefined;
  const places = text.split(ODD).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const otherwise = new RegExp(`^${places.join(ODD_OTHERWISE)}$`, "i");
  const isOtherwise = (view: object): boolean => {
    try {
      const given = path(view);
      return typeof given === "string" && given !== text && otherwise.test(given);
    } catch {
      return false;
    }
  };
  for (const swap of [swapped, hollow]) {
    const met = new Map<string, AbsentValue["is"]>();
    if (!isOtherwise(swap(subject, met, undefined))) continue;
    for (const [field, is] of met) if (isOtherwise(swap(subject, new Map(), field))) return { field, is };
  }
  return undefined;
}

type Met = Map<string, AbsentValue["is"]>;

/** A view in which null stands for what is absent and undefined for null, at any depth; of `only` one field, if that is given. */
function swapped(subject: object, met: Met, only: string | undefined, above = ""): object {
  const change = (field: string, is: AbsentValue["is"]): boolean => {
    met.set(field, is);
    return only === undefined || only === field;
  };
  return viewOf(subject, (value, name) => {
    const field = above + name;
    if (value === undefined) return change(field, "absent") ? null : undefined;
    if (value === null) return change(field, "null") ? undefined : null;
    if (typeof value !== "object") return value;
    const inner = swapped(value, met, only, `${field}.`);
    // The name that an object of data has as a text.
    const tagged = (): string => (change(field, "an object") ? "rekiln" : "Object");
    if (!Array.isArray(value)) Object.defineProperty(inner, Symbol.toStringTag, { get: tagged, configurable: true });
    return inner;
  });
}

/**
 * A view in which what is absent can be asked for anything, and gives null in the end: `film.director?.name` is another one then. A text
 * of the data that looks like an absent value can't be told from it there: such a view throws.
 */
function hollow(subject: object, met: Met, only: string | undefined): object {
  return viewOf(subject, (value, name) => {
    if (typeof value === "string" && value.search(ODD) >= 0) throw new Error("the data holds such a text itself");
    if (value !== undefined) return value;
    met.set(name, "absent");
    return only === undefined || only === name ? nothing("undefined") : undefined;
  });
}

/** Whatever is asked of it, or called on it, is null as a text; it is `text` itself. */
function nothing(text: "undefined" | "null"): object {
  return new Proxy(() => undefined, {
    get: (_target, name) => (name === Symbol.toPrimitive ? () => text : nothing("null")),
    apply: () => nothing("null"),
  });
}

/** What `subject` holds, each value as `see` gives it. A copy stands behind it, since a frozen object's values can't be others. */
function viewOf(subject: object, see: (value: unknown, name: string) => unknown): object {
  const isList = Array.isArray(subject);
  return new Proxy(isList ? [...subject] : {}, {
    get(target, name) {
      const own: unknown = typeof name === "symbol" ? Reflect.get(target, name) : Reflect.get(subject, name);
      const isData = typeof name === "string" && typeof own !== "function" && !(isList && name === "length");
      return isData ? see(own, name) : own;
    },
    has: (_target, name) => Reflect.has(subject, name),
    ownKeys: () => Reflect.ownKeys(subject),
    getOwnPropertyDescriptor(target, name) {
      if (isList) return Reflect.getOwnPropertyDescriptor(target, name);
      const own = Reflect.getOwnPropertyDescriptor(subject, name);
      // Its value is asked of `get`.
      return own === undefined
        ? undefined
        : { value: undefined, enumerable: own.enumerable === true, configurable: true };
    },
  });
}
