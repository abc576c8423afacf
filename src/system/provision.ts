import { provisionQueues } from "../queue/sqs-provision.ts";
import type { ProvisionStep } from "../queue/sqs-provision.ts";
import type { LoadedConfig } from "../site/load-config.ts";

const MAX_RECEIVES = 5;

export interface Provisioned {
  /** In the order in which they are made; none where the queue is on this machine. */
  readonly queues: readonly ProvisionStep[];
}

/** Makes what a site's declaration needs of services. @throws RekilnError when a service can't be asked */
export async function provision({ site }: LoadedConfig, isDryRun: boolean): Promise<Provisioned> {
  const { queue } = site;
  if (queue.kind === "local") return { queues: [] };
  const { live, bulk, region, endpoint, maxReceives = MAX_RECEIVES } = queue;
  const settings = { names: { live, bulk }, region, endpoint, maxReceives };
  return { queues: await provisionQueues(settings, { isDryRun }) };
}
