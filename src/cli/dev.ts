import { Command, Option } from "commander";
import { pino } from "pino";

import { RekilnError } from "../core/errors.ts";
import { createDevServer } from "../serve/create-dev-server.ts";
import { DevHost } from "../system/dev-host.ts";
import { DevNewsLines } from "./dev-news-lines.ts";
import { wholeNumber } from "./whole-number.ts";

const PORT = 4000;
/** How many ports are tried behind the usual one. */
const PORTS_TRIED = 20;

interface DevFlags {
  readonly config: string;
  readonly host: string;
  readonly port?: number;
  readonly allowHost?: readonly string[];
}

/** `rekiln dev` */
export function devCommand(): Command {
  return new Command("dev")
    .description("show the site while it is written: pages on request, reloaded when something changes")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--host <address>", "where to listen", "127.0.0.1")
    .addOption(
      new Option("--port <number>", `0 takes a free one (default: ${PORT}, or the next that is free)`).argParser(
        wholeNumber(0),
      ),
    )
    .option("--allow-host <name...>", "answer requests for these host names too")
    .action(async (flags: DevFlags) => {
      // Before anybody is told where it is: whoever reads that may stop it at once.
      const stopped = new Promise<void>((resolve) => {
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      });
      const lines = new DevNewsLines(process.stderr);
      const started = performance.now();
      await using host = await DevHost.start(flags.config, Date.now(), (news) => lines.tell(news));
      const { url, close, taken } = await listen(host, flags);
      if (taken > 0) process.stdout.write(`Port ${PORT} is taken: this is the next one that is free.\n`);
      process.stdout.write(`rekiln dev is at ${url} (Ctrl-C stops)\n`);
      const lost = host.lost().then(() => "lost" as const);
      const ended = await Promise.race([
        stopped,
        lost,
        Promise.all([host.watch(), host.settled()]).then(() => {
          process.stdout.write(`Ready in ${Math.round(performance.now() - started)} ms; waiting for changes.\n`);
          return Promise.race([stopped, lost]);
        }),
      ]);
      lines.end();
      await close();
      if (ended === "lost") throw folderLost();
    });
}

function folderLost(): RekilnError {
  return new RekilnError({
    code: "folder-gone",
    message: "The folder of the config was deleted or moved.",
    disposition: "fatal",
    hint: "Start rekiln dev again where it is now.",
  });
}

interface Listening {
  readonly url: string;
  readonly close: () => Promise<void>;
  /** How many ports were taken before it. */
  readonly taken: number;
}

/** On the port that was asked for, or the first that is free from the usual one on. */
async function listen(site: DevHost, { host, port, allowHost }: DevFlags): Promise<Listening> {
  const log = pino({ level: "warn" }, pino.destination(2));
  for (let taken = 0; ; taken++) {
    const server = createDevServer({ site, host, port: port ?? PORT + taken, allowedHosts: allowHost, log });
    try {
      return { ...(await server.listen()), close: async () => server.close(), taken };
    } catch (error) {
      const isTaken = error instanceof RekilnError && error.code === "port-taken";
      if (!isTaken || port !== undefined || taken === PORTS_TRIED) throw error;
    }
  }
}
