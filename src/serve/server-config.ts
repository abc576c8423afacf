import { caddyConfig } from "./caddy-config.ts";
import { nginxConfig } from "./nginx-config.ts";
import type { ServerConfigInput } from "./server-config-input.ts";

export type ServerName = "nginx" | "caddy";

/** What `rekiln serve` does, as a configuration of another server: of the pages that have moved or are gone by now. */
export function serverConfig(server: ServerName, input: ServerConfigInput): string {
  const { moved, gone } = input;
  return [
    `# Printed by rekiln serve --print ${server}. Redirects: ${moved.size}; removed pages: ${gone.length}.`,
    "# These are the ones of when it was printed: print it again when pages have moved.",
    server === "nginx" ? nginxConfig(input) : caddyConfig(input),
  ].join("\n");
}
