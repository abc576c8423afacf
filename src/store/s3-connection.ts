import type * as Sdk from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";

import type { Clock } from "../core/clock.ts";
import { messageOf, RekilnError } from "../core/errors.ts";
import type { AwsCredentials } from "./s3-signer.ts";

/** Where a bucket is, as far as it isn't left to the SDK's own providers (environment, profile, instance). */
export interface S3Location {
  readonly bucket: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Whether the bucket stands in the path, not in the host's name. */
  readonly pathStyle?: boolean | undefined;
}

/** Gives credentials anew each time. */
export type CredentialsProvider = () => Promise<ExpiringCredentials>;
export type ExpiringCredentials = AwsCredentials & { readonly expiration?: Date };

/** Credentials are renewed so long before they expire. */
const RENEW_MS = 300_000;
/** What was renewed isn't renewed again for so long. */
const RENEWED_MS = 2000;

/** The SDK's client for a bucket, and what it found out: where requests go, and by whom they are signed. */
export class S3Connection {
  readonly sdk: typeof Sdk;
  readonly client: S3Client;
  readonly region: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly host: string;
  /** What stands before a key in a request's path, `/` at its end. */
  readonly basePath: string;
  /** How far the store's clock is ahead of ours. */
  skewMs = 0;
  readonly #clock: Clock;
  #credentials: ExpiringCredentials | undefined;
  #renewing: Promise<void> | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

  private constructor(sdk: typeof Sdk, client: S3Client, region: string, base: URL, clock: Clock) {
    this.sdk = sdk;
    this.client = client;
    this.region = region;
    this.origin = base.origin;
    this.host = base.host;
    this.basePath = base.pathname;
    this.#clock = clock;
  }

  /** @throws RekilnError `store-region`, `store-address` when it isn't known where the bucket is */
  static async open(location: S3Location, clock: Clock, credentials?: CredentialsProvider): Promise<S3Connection> {
    // 200 ms, that only those pay who need it.
    const sdk = await import("@aws-sdk/client-s3");
    const { bucket, region, endpoint, pathStyle } = location;
    const settings = {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      forcePathStyle: pathStyle ?? endpoint !== undefined,
      // Tried again by the one who knows what it costs, and what it may mean.
      maxAttempts: 1,
    };
    const client = new sdk.S3Client({
      ...settings,
      ...(credentials === undefined ? {} : { credentials: async () => withoutBlanks(await credentials()) }),
    });
    // Where a bucket is depends on nobody's credentials: there may be none yet.
    const unsigned = new sdk.S3Client({ ...settings, credentials: { accessKeyId: "none", secretAccessKey: "none" } });
    try {
      const found = await regionOf(client);
      return new S3Connection(sdk, client, found, await addressOf(sdk, unsigned, bucket), clock);
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      unsigned.destroy();
    }
  }

  now(): number {
    return this.#clock() + this.skewMs;
  }

  /** Credentials that are good now. @throws RekilnError `store-credentials` */
  async credentials(): Promise<AwsCredentials> {
    const { expiration } = this.#credentials ?? {};
    const isGood = expiration === undefined || expiration.getTime() - this.#clock() > RENEW_MS;
    if (this.#credentials !== undefined && isGood) return this.#credentials;
    try {
      this.#credentials = await this.client.config.credentials();
      return this.#credentials;
    } catch (error) {
      // Old ones may still be taken: the store knows.
      if (this.#credentials !== undefined) return this.#credentials;
      throw new RekilnError({
        code: "store-credentials",
        message: `There are no credentials for the store: ${messageOf(error)}`,
        disposition: "retry",
        hint: "Give them as the AWS SDK finds them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role.",
        cause: error,
      });
    }
  }

  /** Asks for others, since the store refuses these; once for all who come meanwhile or soon after. */
  async renewCredentials(): Promise<void> {
    if (this.#clock() - this.#renewedAt < RENEWED_MS) return;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  async #renew(): Promise<void> {
    // Where there are none, the store's own answer says what is wrong.
    const renewed = await this.client.config.credentials({ forceRefresh: true }).catch(() => undefined);
    if (renewed !== undefined) this.#credentials = renewed;
    this.#renewedAt = this.#clock();
  }

  close(): void {
    this.client.destroy();
  }
}

/** The SDK's types know a token that isn't there, and none that is undefined. */
function withoutBlanks({ sessionToken, ...credentials }: ExpiringCredentials) {
  return sessionToken === undefined ? credentials : { ...credentials, sessionToken };
}

async function regionOf(client: S3Client): Promise<string> {
  try {
    return await client.config.region();
  } catch (error) {
    throw new RekilnError({
      code: "store-region",
      message: "It isn't known in which region the bucket is.",
      disposition: "fatal",
      hint: 'Name it, in AWS_REGION or as s3("s3://bucket", { region: "eu-central-1" }).',
      cause: error,
    });
  }
}

/** Thrown to end a request of the SDK once it is known where it would go. */
class Resolved extends Error {
  readonly address: URL;
  constructor(address: URL) {
    super("resolved");
    this.address = address;
  }
}

interface Resolvable {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
}

/** Where the SDK sends requests for a bucket's objects: built as any other, and not sent. */
async function addressOf(sdk: typeof Sdk, client: S3Client, bucket: string): Promise<URL> {
  const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: "k" });
  command.middlewareStack.add(
    () => async (args) => {
      // At this step it is an HTTP request, which the SDK's types call unknown.
      const { protocol, hostname, port, path } = args.request as Resolvable;
      throw new Resolved(
        new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path.slice(0, -1)}`),
      );
    },
    { step: "build", priority: "low" },
  );
  try {
    await client.send(command);
  } catch (error) {
    if (error instanceof Resolved) return error.address;
    throw new RekilnError({
      code: "store-address",
      message: `The bucket ${bucket} has no address: ${messageOf(error)}`,
      disposition: "fatal",
      hint: "Correct the bucket, the region or the endpoint of `store: s3(…)`.",
      cause: error,
    });
  }
  throw new Error("the SDK sent a request that was to be built only");
}
