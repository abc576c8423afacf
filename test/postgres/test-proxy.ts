import { onTestFinished } from "vitest";

import type { StartedPostgres } from "../support/started-postgres.ts";
import { CountingProxy } from "./counting-proxy.ts";

/** A proxy that ends with the test. */
export async function testProxy(server: StartedPostgres): Promise<CountingProxy> {
  const proxy = await CountingProxy.start(server);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
}
