import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import { codeFingerprint, routeFingerprint } from "../../../src/site/fingerprint.ts";
import type { CodeInputs, NamedDigest } from "../../../src/site/fingerprint.ts";

const file = (name: string, content = name): NamedDigest => ({ name, digest: digestOf(content) });
const inputs: CodeInputs = {
  rekilnVersion: "1.0.0",
  lockFile: digestOf("lock"),
  modules: [file("rekiln.config.ts"), file("lib/dates.ts")],
  env: { LANGUAGE: "en", THEME: undefined },
};

describe("codeFingerprint", () => {
  test("is 64 hexadecimal digits", () => {
    expect(codeFingerprint(inputs)).toMatch(/^[0-9a-f]{64}$/);
  });

  test("doesn't depend on the order of modules and variables", () => {
    const turned = { ...inputs, modules: inputs.modules.toReversed(), env: { THEME: undefined, LANGUAGE: "en" } };
    expect(codeFingerprint(turned)).toBe(codeFingerprint(inputs));
  });

  test("is another one for every change", () => {
    const changed: CodeInputs[] = [
      inputs,
      { ...inputs, rekilnVersion: "1.0.1" },
      { ...inputs, lockFile: undefined },
      { ...inputs, lockFile: digestOf("other") },
      { ...inputs, modules: [file("rekiln.config.ts"), file("lib/dates.ts", "changed")] },
      { ...inputs, modules: [file("rekiln.config.ts"), file("lib/times.ts", "lib/dates.ts")] },
      { ...inputs, modules: [file("rekiln.config.ts")] },
      { ...inputs, env: { LANGUAGE: "en", THEME: "" } },
      { ...inputs, env: { LANGUAGE: undefined, THEME: "en" } },
      { ...inputs, env: { LANGUAGE: "en" } },
    ];
    expect(new Set(changed.map(codeFingerprint)).size).toBe(changed.length);
  });

  test("can't be brought about by values that run into each other", () => {
    const env = fc.dictionary(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 }), {
      maxKeys: 3,
      noNullPrototype: true,
    });
    const sorted = (values: Readonly<Record<string, string>>): string =>
      JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    fc.assert(
      fc.property(env, env, (a, b) => {
        const equal = codeFingerprint({ ...inputs, env: a }) === codeFingerprint({ ...inputs, env: b });
        expect(equal).toBe(sorted(a) === sorted(b));
      }),
    );
  });
});

describe("routeFingerprint", () => {
  const code = codeFingerprint(inputs);
  const templates = [file("film.eta"), file("partials/head.eta")];

  test("depends on the code and on the templates, in any order", () => {
    const otherCode = codeFingerprint({ ...inputs, rekilnVersion: "2.0.0" });
    expect(routeFingerprint(code, templates.toReversed())).toBe(routeFingerprint(code, templates));
    expect(routeFingerprint(otherCode, templates)).not.toBe(routeFingerprint(code, templates));
    expect(routeFingerprint(code, [file("film.eta")])).not.toBe(routeFingerprint(code, templates));
    expect(routeFingerprint(code, [file("film.eta", "changed"), file("partials/head.eta")])).not.toBe(
      routeFingerprint(code, templates),
    );
    expect(routeFingerprint(code, [])).not.toBe(code);
  });
});
