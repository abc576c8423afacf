import { manifestIntentsContract } from "./manifest-intents-contract.ts";
import { manifestLeftPathsContract } from "./manifest-left-paths-contract.ts";
import { manifestQueriesContract } from "./manifest-queries-contract.ts";
import { manifestRowsContract } from "./manifest-rows-contract.ts";
import { manifestSitemapsContract } from "./manifest-sitemaps-contract.ts";
import { manifestSweepContract } from "./manifest-sweep-contract.ts";
import { manifestTransactionsContract } from "./manifest-transactions-contract.ts";
import { ManifestUnderTest } from "./manifest-under-test.ts";
import type { OpenManifest } from "./manifest-under-test.ts";

/** What every manifest does. `open` makes an empty one of its own. */
export function manifestContract(name: string, open: OpenManifest): void {
  const under = new ManifestUnderTest(open);
  manifestRowsContract(name, under);
  manifestQueriesContract(name, under);
  manifestTransactionsContract(name, under);
  manifestIntentsContract(name, under);
  manifestLeftPathsContract(name, under);
  manifestSitemapsContract(name, under);
  manifestSweepContract(name, under);
}
