import type { ObjectStore } from "../../src/store/object-store.ts";

/** A store under test, empty, and what is known of it. */
export interface ObjectStoreHarness {
  readonly store: ObjectStore;
  /** The same bucket at another prefix: `""` or ending in `/`. */
  connect(prefix: string): Promise<ObjectStore>;
  /** What the store of `store` stands below. */
  readonly prefix: string;
  readonly capabilities: {
    /**
     * `conditional`: as S3 documents it. `unsupported`: 501, as LocalStack 4.14 and many compatible services answer; the
     * document is S3's: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
     */
    readonly remove: "conditional" | "unsupported";
  };
}
