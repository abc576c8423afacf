import { existsSync } from "node:fs";
import { relative } from "node:path";

import { Command } from "commander";
import { pino } from "pino";

import { createSiteServer } from "../serve/create-site-server.ts";
import { loadConfig } from "../site/load-config.ts";
import { notBuilt } from "../system/built-site.ts";
import { GonePages } from "../system/gone-pages.ts";
import { siteFolders } from "../system/site-folders.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { wholeNumber } from "./whole-number.ts";

interface ServeFlags {
  readonly config: string;
  readonly host: string;
  readonly port: number;
  readonly allowHost?: readonly string[];
}

/** `rekiln serve` */
export function serveCommand(): Command {
  return new Command("serve")
    .description("serve the built site")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--port <number>", "0 takes a free one", wholeNumber(0), 8080)
    .option("--allow-host <name...>", "answer requests for these host names too")
    .action(async (flags: ServeFlags) => {
      const config = await loadConfig(flags.config, siteEnvironment(flags.config));
      const folders = siteFolders(config);
      const { store } = folders;
      if (!existsSync(store)) {
        throw notBuilt(`${relative(process.cwd(), store)} isn't there`);
      }
      using gone = new GonePages(folders, Date.now);
      const server = createSiteServer({
        root: store,
        base: config.site.base,
        host: flags.host,
        port: flags.port,
        log: pino({ level: "warn" }, pino.destination(2)),
        now: Date.now,
        isGone: (path) => gone.has(path),
        ...(flags.allowHost === undefined ? {} : { allowedHosts: flags.allowHost }),
      });
      const { url } = await server.listen();
      process.stdout.write(`${relative(process.cwd(), store) || "."} is served at ${url} (Ctrl-C stops)\n`);
      await new Promise<void>((resolve) => {
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      });
      await server.close();
    });
}
