import { checkBody } from "./check-body.ts";
import { checkSignature } from "./check-signature.ts";
import type { KnownCredentials } from "./check-signature.ts";
import { FakeBucket } from "./fake-bucket.ts";
import type { FakeObject } from "./fake-bucket.ts";
import { FakeServer } from "./fake-server.ts";
import type { ServerAnswer, ServerRequest } from "./fake-server.ts";

const KEPT = /^(?:content-type|cache-control|content-encoding|x-amz-website-redirect-location|x-amz-meta-.*)$/;
const PUT_MAX = 5 * 1024 ** 3;

/**
 * Amazon S3 as far as rekiln asks it, strict where the service is: signatures, checksums, conditions, byte-order listing.
 * Buckets stand in the path. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
export class FakeS3 {
  readonly buckets = new Map<string, FakeBucket>();
  /** Who may ask; replaced to have credentials expire. */
  credentials: KnownCredentials = { accessKeyId: "test", secretAccessKey: "secret" };
  /** The service's clock. */
  clock: () => number = Date.now;
  /** What may be done, as `METHOD`; undefined: all. */
  allowed: ReadonlySet<string> | undefined;
  readonly server: FakeServer;

  private constructor(server: FakeServer) {
    this.server = server;
  }

  static async start(bucket: string): Promise<FakeS3> {
    let fake: FakeS3 | undefined;
    const server = await FakeServer.start(
      (head) => {
        if (fake === undefined) throw new Error("asked before it started");
        const self = fake;
        const before = self.#removalsBefore(head.url);
        return async (request) => self.#answer(request, before);
      },
      (status, code) => refusal(status, code, Date.now()),
    );
    fake = new FakeS3(server);
    fake.buckets.set(bucket, new FakeBucket());
    return fake;
  }

  bucket(name: string): FakeBucket {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) throw new Error(`no bucket ${name}`);
    return bucket;
  }

  #removalsBefore(url: string): number {
    return this.buckets.get(bucketAndKey(url).bucket)?.removals ?? 0;
  }

  #answer(request: ServerRequest, removalsBefore: number): ServerAnswer {
    const now = this.clock();
    const payloadHash = request.headers["x-amz-content-sha256"] ?? "";
    const problem = checkSignature(request, this.credentials, payloadHash, now);
    if (problem !== undefined) return this.#refuse(request, problem.status, problem.code);
    if (this.allowed !== undefined && !this.allowed.has(request.method))
      return this.#refuse(request, 403, "AccessDenied");
    const { bucket: name, key } = bucketAndKey(request.url);
    const bucket = this.buckets.get(name);
    if (key === "" && request.method === "PUT") {
      this.buckets.set(name, bucket ?? new FakeBucket());
      return { status: 200 };
    }
    if (bucket === undefined) return this.#refuse(request, 404, "NoSuchBucket");
    if (key === "") return request.method === "GET" ? this.#list(request, name, bucket) : { status: 200 };
    switch (request.method) {
      case "PUT":
        return this.#put(request, bucket, key, removalsBefore);
      case "GET":
      case "HEAD":
        return this.#get(request, bucket, key);
      case "DELETE": {
        const refused = bucket.remove(key, request.headers["if-match"]);
        return refused === undefined ? { status: 204 } : this.#refuse(request, refused.status, refused.code);
      }
      default:
        return this.#refuse(request, 405, "MethodNotAllowed");
    }
  }

  #put(request: ServerRequest, bucket: FakeBucket, key: string, removalsBefore: number): ServerAnswer {
    const { headers, body } = request;
    if (Buffer.byteLength(key) > 1024) return this.#refuse(request, 400, "KeyTooLongError");
    if (body.length > PUT_MAX) return this.#refuse(request, 400, "EntityTooLarge");
    const checked = checkBody(headers, body);
    if ("code" in checked) return this.#refuse(request, checked.status, checked.code);
    const kept: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) if (KEPT.test(name)) kept[name] = value;
    const encoding = kept["content-encoding"]?.split(",").filter((one) => one.trim() !== "aws-chunked");
    if (encoding !== undefined) kept["content-encoding"] = encoding.join(",");
    const condition = { ifMatch: headers["if-match"], ifNoneMatch: headers["if-none-match"] };
    const stored = bucket.put(key, checked.content, kept, condition, removalsBefore, this.clock());
    if ("code" in stored) return this.#refuse(request, stored.status, stored.code);
    return { status: 200, headers: { etag: stored.etag, date: new Date(this.clock()).toUTCString() } };
  }

  #get(request: ServerRequest, bucket: FakeBucket, key: string): ServerAnswer {
    const object = bucket.objects.get(key);
    if (object === undefined) return this.#refuse(request, 404, request.method === "HEAD" ? "" : "NoSuchKey");
    const range = /^bytes=-(\d+)$/.exec(request.headers["range"] ?? "");
    const { content } = object;
    const headers = {
      ...object.headers,
      etag: object.etag,
      "last-modified": new Date(object.modifiedMs).toUTCString(),
      "accept-ranges": "bytes",
    };
    if (request.method === "HEAD")
      return { status: 200, headers: { ...headers, "content-length": `${content.length}` } };
    if (range === null) return { status: 200, headers, body: content };
    if (content.length === 0) return this.#refuse(request, 416, "InvalidRange");
    const from = Math.max(0, content.length - Number(range[1]));
    const contentRange = `bytes ${from}-${content.length - 1}/${content.length}`;
    return { status: 206, headers: { ...headers, "content-range": contentRange }, body: content.subarray(from) };
  }

  #list(request: ServerRequest, name: string, bucket: FakeBucket): ServerAnswer {
    const query = new URL(request.url, "http://fake").searchParams;
    if (query.get("list-type") !== "2" || query.has("delimiter")) return this.#refuse(request, 501, "NotImplemented");
    const prefix = query.get("prefix") ?? "";
    const token = query.get("continuation-token");
    const after = token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url").toString();
    const most = Math.min(Number(query.get("max-keys") ?? 1000), bucket.quirks.listMax ?? 1000);
    const keys = bucket.list(prefix, after);
    const page = keys.slice(0, most);
    const encode = (key: string): string => (query.get("encoding-type") === "url" ? encodeListed(key) : escapeXml(key));
    const next = keys.length > most ? Buffer.from(page.at(-1) ?? "").toString("base64url") : undefined;
    const contents = page.map((key) => listed(encode(key), bucket.objects.get(key)));
    const body = [
      '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      `<Name>${name}</Name><Prefix>${encode(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys>`,
      query.get("encoding-type") === "url" ? "<EncodingType>url</EncodingType>" : "",
      `<IsTruncated>${next !== undefined}</IsTruncated>`,
      next === undefined ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`,
      ...contents,
      "</ListBucketResult>",
    ].join("");
    return { status: 200, headers: { "content-type": "application/xml" }, body };
  }

  #refuse(request: ServerRequest, status: number, code: string): ServerAnswer {
    const { headers, body } = refusal(status, code, this.clock());
    return {
      status,
      ...(headers === undefined ? {} : { headers }),
      body: request.method === "HEAD" ? "" : (body ?? ""),
    };
  }
}

function refusal(status: number, code: string, nowMs: number): ServerAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>fake</Message></Error>`;
  return { status, headers: { "content-type": "application/xml", date: new Date(nowMs).toUTCString() }, body };
}

function bucketAndKey(url: string): { readonly bucket: string; readonly key: string } {
  const [path = ""] = url.split("?");
  const [, bucket = "", ...key] = path.split("/");
  return { bucket, key: decodeURIComponent(key.join("/")) };
}

/** As forms are encoded, `/` left as it is. */
function encodeListed(key: string): string {
  return encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function listed(key: string, object: FakeObject | undefined): string {
  if (object === undefined) return "";
  const modified = new Date(object.modifiedMs).toISOString();
  const etag = object.etag.replaceAll('"', "&quot;");
  const about = `<LastModified>${modified}</LastModified><ETag>${etag}</ETag><Size>${object.content.length}</Size>`;
  return `<Contents><Key>${key}</Key>${about}<StorageClass>STANDARD</StorageClass></Contents>`;
}
