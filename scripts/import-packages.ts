/**
 * Makes the data of `templates/packages` from the package index that `apt-get update` leaves on a Debian machine.
 *
 *   node scripts/import-packages.ts --out DIR        all packages of the base suite: some 100,000 pages
 *   node scripts/import-packages.ts --fixture        the 300 packages in templates/packages/data
 *
 * With --updates DIR also what the suites of updates and of security fixes have anew, in a folder for each of them.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { dependencyClosure, fixtureSeeds } from "./import-packages/fixture.ts";
import { importPackages } from "./import-packages/import-packages.ts";
import { findPackageIndex, updateSuites } from "./import-packages/package-index.ts";

const { values } = parseArgs({
  options: {
    lists: { type: "string", default: "/var/lib/apt/lists" },
    suite: { type: "string" },
    out: { type: "string" },
    fixture: { type: "boolean", default: false },
    updates: { type: "string" },
  },
});
const outDir =
  values.out ?? (values.fixture ? fileURLToPath(new URL("../templates/packages/data", import.meta.url)) : undefined);
if (outDir === undefined) {
  process.stderr.write(
    "usage: import-packages.ts --out DIR [--fixture] [--suite bookworm] [--lists /var/lib/apt/lists]\n",
  );
  process.exit(2);
}

const index = await findPackageIndex(values.lists, values.suite);
process.stderr.write(`reading ${index.file}\n`);
const how = {
  withDescriptions: !values.fixture,
  ...(values.fixture ? { only: await dependencyClosure(index, fixtureSeeds) } : {}),
};
const counts = await importPackages(index, { outDir, ...how });
if (values.updates !== undefined) {
  for (const suite of await updateSuites(values.lists, index.suite)) {
    const updates = await findPackageIndex(values.lists, suite);
    process.stderr.write(`reading ${updates.file}\n`);
    await importPackages(updates, { outDir: join(values.updates, suite), ...how });
  }
}
const { repeated, ...numbers } = counts;
for (const [name, count] of Object.entries(numbers)) process.stdout.write(`${name.padEnd(12)} ${count}\n`);
if (repeated.length > 0) process.stdout.write(`in the index more than once, the first taken: ${repeated.join(", ")}\n`);
