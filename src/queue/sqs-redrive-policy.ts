/** Where a queue's dead letters go, and when. */
export interface RedrivePolicy {
  readonly arn: string;
  /** The name in the ARN. */
  readonly queue: string;
  readonly maxReceives: number;
}

/** Reads the attribute `RedrivePolicy`; undefined where there is none, or none that names a queue. */
export function parseRedrivePolicy(text: string | undefined): RedrivePolicy | undefined {
  if (text === undefined || text === "") return undefined;
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) return undefined;
  // The service wrote it; the count comes as a number or as a text.
  const { deadLetterTargetArn: arn, maxReceiveCount } = parsed as Readonly<Record<string, unknown>>;
  if (typeof arn !== "string") return undefined;
  return { arn, queue: arn.split(":").at(-1) ?? "", maxReceives: Number(maxReceiveCount) };
}
