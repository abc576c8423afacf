import { messageOf, RekilnError } from "../core/errors.ts";
import type { ErrorMeaning } from "../core/errors.ts";

const FORBIDDEN: ErrorMeaning = {
  code: "queue-forbidden",
  disposition: "retry",
  hint: "Give these credentials what rekiln does with its queues; rekiln doctor says what is missing.",
};
const CREDENTIALS: ErrorMeaning = {
  code: "queue-credentials",
  disposition: "retry",
  hint: "Give credentials as the AWS SDK finds them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role.",
};
const MISSING: ErrorMeaning = {
  code: "queue-missing",
  disposition: "fatal",
  hint: "Run rekiln provision to make it, or correct its name in `queue: sqs(…)`.",
};
const BUSY: ErrorMeaning = { code: "queue-busy", disposition: "retry", hint: "It is asked again later." };

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html */
const MEANINGS: Readonly<Record<string, ErrorMeaning>> = {
  QueueDoesNotExist: MISSING,
  NonExistentQueue: MISSING,
  AccessDenied: FORBIDDEN,
  AccessDeniedException: FORBIDDEN,
  InvalidClientTokenId: FORBIDDEN,
  InvalidAccessKeyId: FORBIDDEN,
  SignatureDoesNotMatch: FORBIDDEN,
  UnrecognizedClientException: FORBIDDEN,
  ExpiredToken: CREDENTIALS,
  ExpiredTokenException: CREDENTIALS,
  CredentialsProviderError: CREDENTIALS,
  OverLimit: { ...BUSY, hint: "Too many messages are in flight: let workers finish, or start fewer." },
  PurgeQueueInProgress: { ...BUSY, hint: "A queue can be purged once a minute: run it again then." },
  RequestThrottled: BUSY,
  ThrottlingException: BUSY,
};
const UNREACHABLE: ErrorMeaning = {
  code: "queue-unreachable",
  disposition: "retry",
  hint: "Check the endpoint and the network; it is asked again later.",
};

/** What SQS calls an error, without the name of the service in front. */
export function sqsCodeOf(error: unknown): string {
  return error instanceof Error ? (error.name.split(".").at(-1) ?? "") : "";
}

/** Whatever the SDK throws, as an error that says what to do. `what`: what was asked for, like `The queue films-live`. */
export function sqsError(what: string, error: unknown): RekilnError {
  if (error instanceof RekilnError) return error;
  const code = sqsCodeOf(error);
  const isRegion = messageOf(error).startsWith("Region is missing");
  const meaning = isRegion
    ? {
        code: "queue-region",
        disposition: "fatal" as const,
        hint: "Name it in AWS_REGION, or in `queue: sqs({ region })`.",
      }
    : (MEANINGS[code] ?? UNREACHABLE);
  const said = [code === "Error" ? "" : code, messageOf(error)].filter((part) => part !== "").join(": ");
  return new RekilnError({ ...meaning, message: `${what} can't be used: ${said}`, cause: error });
}
