import { describe, expect, it } from "vitest";

import { dependencyNames } from "../../scripts/import-packages/dependency-names.ts";
import { recordsOf } from "../../scripts/import-packages/records.ts";
import { readStanzas } from "../../scripts/import-packages/stanza.ts";

const index = `Package: acl
Version: 2.3.1-3
Description: access control list - utilities
Tag: admin::filesystem, implemented-in::c,
 role::program

Package: zlib1g
Source: zlib (1:1.2.13.dfsg-1)
Version: 1:1.2.13.dfsg-1+b1
`;

async function stanzasOf(pieces: readonly string[]): Promise<Record<string, string>[]> {
  const stanzas: Record<string, string>[] = [];
  for await (const stanza of readStanzas(pieces)) stanzas.push(Object.fromEntries(stanza));
  return stanzas;
}

describe("readStanzas", () => {
  it("gives each stanza's fields, folded values with their lines", async () => {
    expect(await stanzasOf([index])).toEqual([
      {
        Package: "acl",
        Version: "2.3.1-3",
        Description: "access control list - utilities",
        Tag: "admin::filesystem, implemented-in::c,\nrole::program",
      },
      { Package: "zlib1g", Source: "zlib (1:1.2.13.dfsg-1)", Version: "1:1.2.13.dfsg-1+b1" },
    ]);
  });

  it("gives the same wherever the text is cut", async () => {
    const whole = await stanzasOf([index]);
    for (let cut = 0; cut <= index.length; cut += 1) {
      expect(await stanzasOf([index.slice(0, cut), index.slice(cut)])).toEqual(whole);
    }
    expect(await stanzasOf(index.split(""))).toEqual(whole);
  });

  it("takes blank lines around, between and with spaces in them", async () => {
    expect(await stanzasOf(["\n\nPackage: a\n\n \t\n\nPackage: b\n\n\n"])).toEqual([
      { Package: "a" },
      { Package: "b" },
    ]);
  });

  it("gives nothing for an empty text", async () => {
    expect(await stanzasOf([])).toEqual([]);
    expect(await stanzasOf(["\n"])).toEqual([]);
  });

  it("names a line that is no field, and its stanza", async () => {
    await expect(stanzasOf(["Package: a\nnonsense\n"])).rejects.toThrow(/"nonsense" \(stanza "Package: a"\)/);
    await expect(stanzasOf([" continued\n"])).rejects.toThrow(/" continued"/);
  });
});

describe("dependencyNames", () => {
  it("leaves out versions, architectures and profiles", () => {
    expect(dependencyNames("libc6 (>= 2.34), python3:any (<< 3.12), gcc [amd64], doc <!nocheck>, g++(>=4:12)")).toEqual(
      ["libc6", "python3", "gcc", "doc", "g++"],
    );
  });

  it("counts every alternative as named", () => {
    expect(dependencyNames("default-mta | mail-transport-agent, debconf (>= 0.5) | debconf-2.0")).toEqual([
      "default-mta",
      "mail-transport-agent",
      "debconf",
      "debconf-2.0",
    ]);
  });

  it("names a package once, in the order of first mention, over several fields", () => {
    expect(dependencyNames("b (>= 1), a, b (<< 2)", "dpkg, a")).toEqual(["b", "a", "dpkg"]);
  });

  it("takes folded lines, missing fields and stray commas", () => {
    expect(dependencyNames("a,\n b,\n", undefined, "")).toEqual(["a", "b"]);
  });
});

describe("recordsOf", () => {
  const fields = {
    Package: "zlib1g",
    Source: "zlib (1:1.2.13.dfsg-1)",
    Version: "1:1.2.13.dfsg-1+b1",
    "Installed-Size": "167",
    Maintainer: 'Märk  "B" <mark@example.org>',
    Architecture: "amd64",
    "Pre-Depends": "dpkg",
    Depends: "libc6 (>= 2.14)",
    Description: "compression library, ask zlib@example.org for help",
    Homepage: "http://zlib.net/",
    Tag: "devel::library, role::TODO,\n role::shared-lib",
    Section: "libs",
    Priority: "required",
    Size: "86672",
  };
  const recordsWith = (changes: Readonly<Record<string, string>>): ReturnType<typeof recordsOf> =>
    recordsOf(new Map(Object.entries({ ...fields, ...changes })));

  it("makes a package, its source and its maintainer", () => {
    expect(recordsWith({})).toEqual({
      package: {
        id: "zlib1g",
        version: "1:1.2.13.dfsg-1+b1",
        source: "zlib",
        maintainer: "mark-b",
        section: "libs",
        priority: "required",
        architecture: "amd64",
        size: 86672,
        installedSize: 167,
        homepage: "http://zlib.net/",
        tags: ["devel::library", "role::shared-lib"],
        depends: ["libc6", "dpkg"],
        description: "compression library, ask for help",
      },
      source: { id: "zlib", version: "1:1.2.13.dfsg-1", maintainer: "mark-b", section: "libs" },
      maintainer: { id: "mark-b", name: 'Märk "B"' },
    });
  });

  it("lets no e-mail address through", () => {
    const published = JSON.stringify(
      recordsWith({ Homepage: "http://a@example.org/", Maintainer: "mark@example.org" }),
    );
    expect(published).not.toContain("@");
  });

  it("takes name and version of the source from the package where the index doesn't name them", () => {
    const { Source: _source, ...withoutSource } = fields;
    expect(recordsOf(new Map(Object.entries(withoutSource))).source).toMatchObject({
      id: "zlib1g",
      version: fields.Version,
    });
    expect(recordsWith({ Source: "zlib" }).source).toMatchObject({ id: "zlib", version: fields.Version });
  });

  it("takes spellings of a name for one maintainer", () => {
    const ids = ["Debian Med Team <a@example.org>", '"Debian-Med team" <b@example.org>'].map(
      (Maintainer) => recordsWith({ Maintainer }).maintainer.id,
    );
    expect(new Set(ids)).toEqual(new Set(["debian-med-team"]));
    expect(recordsWith({ Maintainer: "Ida Weiß" }).maintainer.id).toBe(
      recordsWith({ Maintainer: "Ida Weiss" }).maintainer.id,
    );
  });

  it("names the package whose field is missing or no number", () => {
    expect(() => recordsWith({ Section: "" })).toThrow("package zlib1g has no Section");
    expect(() => recordsWith({ Size: "12 kB" })).toThrow('package zlib1g: Size is "12 kB"');
  });
});
