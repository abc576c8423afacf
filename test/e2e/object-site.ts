import { onTestFinished } from "vitest";

import { extensionOf, findCarrier } from "../../src/core/stamp.ts";
import { isRedirectKey } from "../../src/press/redirect-page.ts";
import { isTombstoneKey } from "../../src/press/tombstone-page.ts";
import { STATE_FOLDER } from "../../src/store/directory.ts";
import type { FakeBucket, FakeObject } from "../support/fake-aws/fake-bucket.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import type { TemporarySite } from "../support/temporary-site.ts";

const BUCKET = "films";
const PREFIX = "site/";

/** A bucket of a strict fake of S3, and what a site has published there. Commands find its credentials in the environment. */
export class ObjectSite {
  readonly fake: FakeS3;

  private constructor(fake: FakeS3) {
    this.fake = fake;
  }

  static async start(): Promise<ObjectSite> {
    const fake = await FakeS3.start(BUCKET);
    const environment = {
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    for (const [name, value] of Object.entries(environment)) process.env[name] = value;
    onTestFinished(async () => {
      for (const name of Object.keys(environment)) delete process.env[name];
      await fake.server.stop();
    });
    return new ObjectSite(fake);
  }

  get bucket(): FakeBucket {
    return this.fake.bucket(BUCKET);
  }

  /** Makes a site publish to the bucket. */
  readonly publishHere = (site: TemporarySite): void => {
    const store = `s3("s3://${BUCKET}/${PREFIX}", { endpoint: "${this.fake.server.url}", region: "us-east-1" })`;
    site.edit("rekiln.config.ts", 'directory("dist/")', store);
    site.edit("rekiln.config.ts", " directory,", " s3,");
  };

  /** Requests so far, by method. */
  requests(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [name, count] of this.fake.server.counts) {
      const [method = ""] = name.split(" ");
      counts.set(method, (counts.get(method) ?? 0) + count);
    }
    return counts;
  }

  #published(): readonly (readonly [file: string, object: FakeObject, carried: string | undefined])[] {
    return [...this.bucket.objects].flatMap(([key, object]) => {
      const file = key.slice(PREFIX.length);
      if (!key.startsWith(PREFIX) || file.startsWith(`${STATE_FOLDER}/`)) return [];
      return [[file, object, findCarrier(extensionOf(file), object.content.toString("latin1"))?.key] as const];
    });
  }

  /** Live pages and other files, as `TemporarySite.pages` has them. */
  pages(): ReadonlyMap<string, string> {
    const pages = new Map<string, string>();
    for (const [file, { content }, key] of this.#published()) {
      if (key !== undefined && (isRedirectKey(key) || isTombstoneKey(key))) continue;
      const text = content.toString("latin1");
      const body = text.slice(0, text.length - (findCarrier(extensionOf(file), text)?.length ?? 0));
      pages.set(file, `${key ?? "no stamp"}: ${Buffer.from(body, "latin1").toString()}`);
    }
    return pages;
  }

  /** Where redirects lead to, as a website endpoint sends visitors, by file. */
  redirects(): ReadonlyMap<string, string | undefined> {
    const redirects = this.#published().filter(([, , key]) => key !== undefined && isRedirectKey(key));
    return new Map(redirects.map(([file, { headers }]) => [file, headers["x-amz-website-redirect-location"]]));
  }

  tombstones(): readonly string[] {
    return this.#published()
      .filter(([, , key]) => key !== undefined && isTombstoneKey(key))
      .map(([file]) => file)
      .sort();
  }

  object(file: string): FakeObject {
    const found = this.bucket.objects.get(PREFIX + file);
    if (found === undefined) throw new Error(`nothing is at ${file}`);
    return found;
  }
}
