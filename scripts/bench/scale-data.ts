import { once } from "node:events";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";

const CATEGORIES = 100;
const PRODUCTS_PER_SERIES = 10;
/** Coprime to every number of products, so that neighbours in the file are in different lists. */
const STRIDE = 7919;

/** Writes `product.ndjson` with `count` records and `category.ndjson`, the same ones for the same count. Streams. */
export async function writeScaleData(dir: string, count: number): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const categories = Array.from({ length: CATEGORIES }, (_, index) => ({ id: `c${index}`, name: `Category ${index}` }));
  writeFileSync(join(dir, "category.ndjson"), categories.map((data) => `${JSON.stringify(data)}\n`).join(""));
  const out = createWriteStream(join(dir, "product.ndjson"));
  for (let index = 0; index < count; index++) {
    if (!out.write(`${JSON.stringify(productAt(index, count))}\n`)) await once(out, "drain");
  }
  out.end();
  await finished(out);
}

function productAt(index: number, count: number) {
  const mixed = (index * STRIDE) % count;
  return {
    id: `p${index}`,
    name: `Product ${index}`,
    slug: `product-${index}`,
    category: `c${mixed % CATEGORIES}`,
    series: `Series ${Math.floor(mixed / PRODUCTS_PER_SERIES)}`,
    brand: `Brand ${mixed % 313}`,
    rating: (mixed % 997) / 100,
    price: 100 + (mixed % 9001),
    stock: mixed % 41,
    tags: [`tag-${mixed % 17}`, `tag-${mixed % 19}`, `tag-${mixed % 23}`],
    description: `Product ${index} is number ${mixed} of ${count} <made> & measured, so that its text must be escaped.`,
  };
}
