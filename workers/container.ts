/**
 * The entry of a container that is started twice a day: drains the queue of the site at `REKILN_CONFIG` (default `rekiln.config.ts`), prints
 * what it did as a line of JSON, and ends; SIGTERM ends it in time. What follows goes to `rekiln work`.
 */
import { env } from "node:process";

const config = env["REKILN_CONFIG"] ?? "rekiln.config.ts";
process.argv.splice(2, 0, "work", "--until-empty", "--json", "--config", config);
await import("../src/cli/rekiln.ts");
