/** What can be asked of an object store, as far as its price goes. */
export type RequestKind = "put" | "remove" | "get" | "list";

/** In millionths of a millionth of a dollar a request, so that they add up exactly. */
export type RequestPrices = Readonly<Record<RequestKind, bigint>>;

export const DOLLAR = 1_000_000_000_000n;

/**
 * S3 Standard in us-east-1: $0.005 for 1,000 of PUT, COPY, POST and LIST, $0.0004 for 1,000 of GET and HEAD; DELETE is free.
 * https://aws.amazon.com/s3/pricing/
 */
export const S3_PRICES: RequestPrices = {
  put: DOLLAR / 200_000n,
  remove: 0n,
  list: DOLLAR / 200_000n,
  get: DOLLAR / 2_500_000n,
};
