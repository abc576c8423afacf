import { caddyConfig } from "./caddy-config.ts";
import { nginxConfig } from "./nginx-config.ts";
import type { ServerConfigInput } from "./server-config-input.ts";

export type ServerName = "nginx" | "caddy";

/** What `rekiln serve` does, as a configuration of another server. */
export function serverConfig(server: ServerName, input: ServerConfigInput): string {
  return server === "nginx" ? nginxConfig(input) : caddyConfig(input);
}
