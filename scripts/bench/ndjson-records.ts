import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** The records of an NDJSON file, streamed, as whatever the caller knows them to be: the importer wrote them. */
export async function* ndjsonRecords<T>(file: string): AsyncGenerator<T> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line !== "") yield JSON.parse(line) as T;
  }
}
