import { onTestFinished } from "vitest";

import { extensionOf, findCarrier } from "../../src/core/stamp.ts";
import { isRedirectKey } from "../../src/press/redirect-page.ts";
import { isTombstoneKey } from "../../src/press/tombstone-page.ts";
import { decompress } from "../../src/store/compress.ts";
import { STATE_FOLDER } from "../../src/store/directory.ts";
import type { FakeBucket, FakeObject } from "../support/fake-aws/fake-bucket.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import { livePages } from "../support/live-pages.ts";
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
  readonly publishHere = (site: TemporarySite): void => this.publish(site, "");

  /** The same, with more options of the store: `compress: "gzip"`. */
  publish(site: TemporarySite, options: string): void {
    const all = `{ endpoint: "${this.fake.server.url}", region: "us-east-1", ${options} }`;
    const store = `s3("s3://${BUCKET}/${PREFIX}", ${all})`;
    site.edit("rekiln.config.ts", 'directory("dist/")', store);
    site.edit("rekiln.config.ts", " directory,", " s3,");
  }

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
      return [[file, object, findCarrier(extensionOf(file), unpacked(object))?.key] as const];
    });
  }

  /** Live pages and other files, as `TemporarySite.pages` has them. */
  pages(): ReadonlyMap<string, string> {
    return livePages(this.#published().map(([file, object]) => [file, unpacked(object)]));
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

  /** Alters an object as somebody with other tools would. */
  change(file: string, change: (text: string) => string): void {
    const object = this.object(file);
    const content = Buffer.from(change(object.content.toString()));
    this.bucket.objects.set(PREFIX + file, { ...object, content, etag: '"another"' });
  }

  /** Puts what rekiln didn't write. */
  add(file: string, text: string): void {
    const headers = { "content-type": "text/html" };
    this.bucket.objects.set(PREFIX + file, { content: Buffer.from(text), etag: '"foreign"', headers, modifiedMs: 0 });
  }

  /** Deletes an object. */
  lose(file: string): void {
    this.bucket.objects.delete(PREFIX + file);
  }

  object(file: string): FakeObject {
    const found = this.bucket.objects.get(PREFIX + file);
    if (found === undefined) throw new Error(`nothing is at ${file}`);
    return found;
  }
}

/** The bytes that a visitor sees, one character each. */
function unpacked({ content, headers }: FakeObject): string {
  return Buffer.from(decompress(content, headers["content-encoding"])).toString("latin1");
}
