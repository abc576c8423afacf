import { existsSync } from "node:fs";
import { relative } from "node:path";

import { Command, InvalidArgumentError, Option } from "commander";
import { pino } from "pino";

import { RekilnError } from "../core/errors.ts";
import { serverConfig } from "../serve/server-config.ts";
import type { ServerName } from "../serve/server-config.ts";
import { createSiteServer } from "../serve/create-site-server.ts";
import { loadConfig } from "../site/load-config.ts";
import { notBuilt } from "../system/built-site.ts";
import { GonePages } from "../system/gone-pages.ts";
import { leftPages } from "../system/left-pages.ts";
import { siteFolders } from "../system/site-folders.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { serverLog } from "./server-log.ts";
import { wholeNumber } from "./whole-number.ts";

interface ServeFlags {
  readonly config: string;
  readonly host: string;
  readonly port: number;
  readonly allowHost?: readonly string[];
  readonly origin?: URL;
  readonly bypassCookie?: string;
  readonly print?: ServerName;
}

function originUrl(text: string): URL {
  const url = URL.parse(text);
  const isPlain =
    url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.pathname === "/" && url.search === "";
  if (isPlain) return url;
  throw new InvalidArgumentError("It is an address like http://127.0.0.1:3000: scheme, host and port.");
}

function cookieName(text: string): string {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(text)) return text;
  throw new InvalidArgumentError("It is no name of a cookie.");
}

/** `rekiln serve` */
export function serveCommand(): Command {
  return new Command("serve")
    .description("serve the built site")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--port <number>", "0 takes a free one", wholeNumber(0), 8080)
    .option("--allow-host <name...>", "answer requests for these host names too")
    .addOption(
      new Option(
        "--origin <url>",
        "the application that answers what there is no file for: http://127.0.0.1:3000",
      ).argParser(originUrl),
    )
    .addOption(
      new Option("--bypass-cookie <name>", "visitors with this cookie always get the application").argParser(
        cookieName,
      ),
    )
    .addOption(
      new Option("--print <server>", "print the same as a configuration of this server, and serve nothing").choices([
        "nginx",
        "caddy",
      ]),
    )
    .action(async (flags: ServeFlags) => {
      const { origin, bypassCookie } = flags;
      if (bypassCookie !== undefined && origin === undefined) throw withoutOrigin();
      const config = await loadConfig(flags.config, siteEnvironment(flags.config));
      const folders = siteFolders(config);
      const { store } = folders;
      if (flags.print !== undefined) {
        const { site } = config;
        const { port } = flags;
        const left = await leftPages(folders, Date.now);
        process.stdout.write(serverConfig(flags.print, { site, root: store, port, origin, bypassCookie, ...left }));
        return;
      }
      if (origin !== undefined && isItself(origin, flags)) throw ownOrigin(origin);
      if (!existsSync(store)) {
        throw notBuilt(`${relative(process.cwd(), store)} isn't there`);
      }
      using gone = new GonePages(folders, Date.now);
      const server = createSiteServer({
        root: store,
        base: config.site.base,
        host: flags.host,
        port: flags.port,
        log: serverLog(pino.destination(2)),
        now: Date.now,
        isGone: (path) => gone.has(path),
        compress: config.site.compress,
        ...(origin === undefined ? {} : { origin: { url: origin, bypassCookie } }),
        ...(flags.allowHost === undefined ? {} : { allowedHosts: flags.allowHost }),
      });
      // Before it says that it serves: whoever waits for that may stop it at once.
      const stopped = new Promise<void>((resolve) => {
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      });
      const { url } = await server.listen();
      process.stdout.write(`${relative(process.cwd(), store) || "."} is served at ${url} (Ctrl-C stops)\n`);
      await stopped;
      await server.close();
    });
}

function isItself(origin: URL, { host, port }: ServeFlags): boolean {
  const names = new Set([host, "localhost", "127.0.0.1", "[::1]"]);
  return origin.port === String(port) && names.has(origin.hostname);
}

function ownOrigin(origin: URL): RekilnError {
  return new RekilnError({
    code: "origin-itself",
    message: `${origin.origin} is the address that rekiln serve would listen on itself.`,
    disposition: "fatal",
    hint: "Give the application's address, or another --port.",
  });
}

function withoutOrigin(): RekilnError {
  return new RekilnError({
    code: "bypass-without-origin",
    message: "--bypass-cookie says who gets the application, and no application is given.",
    disposition: "fatal",
    hint: "Add --origin http://127.0.0.1:3000.",
  });
}
