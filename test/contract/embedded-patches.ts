import { join } from "node:path";

import { unchecked } from "../../src/site/entities.ts";
import { EmbeddedSource } from "../../src/source/embedded-source.ts";

const [folder = "", field = "", times = ""] = process.argv.slice(2);
const models = new Map([["film", { name: "film", schema: unchecked(), index: ["genres", "year"] }]]);
const source = new EmbeddedSource({ file: join(folder, "entities.db"), models, firstVersion: 0 });
for (let value = 1; value <= Number(times); value++) {
  const [outcome] = await source.apply([{ kind: "patch", type: "film", id: "1", fields: { [field]: value } }]);
  if (outcome?.kind !== "updated") throw new Error(`the patch ended as ${outcome?.kind}`);
}
source[Symbol.dispose]();
