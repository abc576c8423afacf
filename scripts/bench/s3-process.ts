/**
 * The strict S3 of the tests, for as long as whoever forked it is there. Says where it is (`{"url"}`), and answers every message with what
 * was asked so far: `S3Counts`.
 */
import { FakeS3 } from "../../test/support/fake-aws/fake-s3.ts";
import { FLEET_BUCKET } from "./fleet-s3.ts";
import type { S3Counts, S3Kind } from "./fleet-s3.ts";

/** Every page of the site that is measured is one; nothing else is. */
const PAGE_PATH = /\/index\.html$/;

const counts: Record<"pages" | "others", Record<S3Kind, number>> = {
  pages: { put: 0, head: 0, get: 0, list: 0, remove: 0 },
  others: { put: 0, head: 0, get: 0, list: 0, remove: 0 },
};

function kindOf(method: string, url: string): S3Kind {
  switch (method) {
    case "PUT":
      return "put";
    case "HEAD":
      return "head";
    case "DELETE":
      return "remove";
    default:
      return /[?&]list-type=/.test(url) ? "list" : "get";
  }
}

const fake = await FakeS3.start(FLEET_BUCKET);
// Asked before each request; it wants none of them to go wrong.
fake.server.faults = ({ method, url }) => {
  const [path = ""] = url.split("?");
  counts[PAGE_PATH.test(path) ? "pages" : "others"][kindOf(method, url)]++;
  return undefined;
};
process.on("message", () => process.send?.(counts satisfies S3Counts));
process.on("disconnect", () => process.exit(0));
process.send?.({ url: fake.server.url });
