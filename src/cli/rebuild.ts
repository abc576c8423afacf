import { Command, Option } from "commander";

import { costOf, NO_REQUESTS } from "../core/prices.ts";
import { RekilnError } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import { loadConfig } from "../site/load-config.ts";
import { openBuiltSite } from "../system/built-site.ts";
import type { BuiltSite } from "../system/built-site.ts";
import { openQueue } from "../system/open-queue.ts";
import { planRebuild, queueRebuild } from "../system/run-rebuild.ts";
import type { RebuildPlan, RebuildTarget } from "../system/run-rebuild.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { confirm } from "./confirm.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { STAYS_QUEUED, waitForQueue } from "./wait-for-queue.ts";

/** Up to so many pages nobody needs to be asked. */
const UNASKED_MAX = 1;
const REASON_MAX = 500;

interface RebuildFlags {
  readonly config: string;
  readonly route?: readonly string[];
  readonly all?: true;
  readonly reason?: string;
  readonly wait?: true;
  readonly yes?: true;
  readonly json?: true;
}

const pagesText = (pages: number): string => `${count(pages)} ${pages === 1 ? "page" : "pages"}`;

function targetOf(name: string | undefined, flags: RebuildFlags): RebuildTarget {
  const given = [name !== undefined, flags.route !== undefined, flags.all === true].filter(Boolean).length;
  if (given !== 1) {
    throw new RekilnError({
      code: "rebuild-target",
      message: given === 0 ? "Nothing was named to render again." : "Name one thing to render again.",
      disposition: "fatal",
      hint: "Write rekiln rebuild film:42, rekiln rebuild /films/alien/, rekiln rebuild --route genre, or rekiln rebuild --all.",
    });
  }
  if (name !== undefined) return { kind: "name", name };
  return flags.route === undefined ? { kind: "all" } : { kind: "routes", routes: flags.route };
}

/** `rekiln rebuild` */
export function rebuildCommand(): Command {
  return new Command("rebuild")
    .description("render pages again, whether or not something changed")
    .argument("[name]", "an entity (film:42), a page (film/42), or a path (/films/alien/)")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(new Option("--route <name...>", "all pages of these routes"))
    .option("--all", "all pages")
    .option("--reason <text>", "why: it stands in the messages")
    .option("--wait", "wait until it is done, and say whether anything had changed")
    .option("--yes", "don't ask")
    .option("--json", "print one JSON object")
    .action(async (name: string | undefined, flags: RebuildFlags) => {
      const target = targetOf(name, flags);
      const config = await loadConfig(flags.config, siteEnvironment(flags.config));
      using built = openBuiltSite(config);
      const plan = planRebuild(config, built, target);
      if (plan.pages > UNASKED_MAX && flags.yes !== true && !(await isWanted(plan))) {
        process.exitCode = EXIT.refused;
        return;
      }
      using queue = openQueue(config);
      // Only whoever waits learns whether anything had changed.
      const before = flags.wait === true ? etagsOf(built, plan) : undefined;
      await queueRebuild(queue, built, plan, flags.reason?.slice(0, REASON_MAX));
      const isDone =
        before !== undefined && (await waitForQueue(queue, () => pagesText(plan.pages), interruptSignal(STAYS_QUEUED)));
      const isInterrupted = before !== undefined && !isDone;
      const exitCode = isInterrupted ? EXIT.interrupted : EXIT.done;
      process.exitCode = exitCode;
      const changed = isDone ? changedSince(built, before) : undefined;
      const cost = costOf({ ...NO_REQUESTS, queue: queue.billedRequests }, config.site.prices);
      if (flags.json === true) {
        const data = { schema: "rekiln.rebuild.1", pages: plan.pages, routes: plan.routes, isDone, cost, exitCode };
        const interrupted = isInterrupted ? { interrupted: true } : {};
        process.stdout.write(
          `${JSON.stringify({ ...data, ...interrupted, ...(changed === undefined ? {} : { changed }) })}\n`,
        );
        return;
      }
      if (isInterrupted) process.stdout.write(`${pagesText(plan.pages)} stay queued: workers go on with them.\n`);
      else if (changed === undefined) process.stdout.write(`${pagesText(plan.pages)} queued.\n`);
      else if (changed === 0) process.stdout.write(`${pagesText(plan.pages)} rendered: nothing had changed.\n`);
      else process.stdout.write(`${pagesText(plan.pages)} rendered, ${pagesText(changed)} changed.\n`);
      if (queue.billedRequests > 0) process.stdout.write(`${runCostText(cost)}\n`);
    });
}

async function isWanted(plan: RebuildPlan): Promise<boolean> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    return confirm(`Render ${pagesText(plan.pages)} again?`, process.stdin, process.stderr);
  }
  process.stderr.write(`That is ${pagesText(plan.pages)}. Say --yes to render them again.\n`);
  return false;
}

/** What is stored of the pages now. Of a whole route, all rows are gone over. */
function etagsOf({ manifest }: BuiltSite, plan: RebuildPlan): ReadonlyMap<PageKey, string | undefined> {
  const etags = new Map<PageKey, string | undefined>();
  const note = (keys: readonly PageKey[]): void => {
    for (const key of keys) etags.set(key, manifest.page(key)?.published?.etag);
  };
  if (plan.keys !== undefined) note(plan.keys);
  else for (const route of plan.routes) for (const piece of manifest.keysOf(route)) note(piece);
  return etags;
}

function changedSince({ manifest }: BuiltSite, before: ReadonlyMap<PageKey, string | undefined>): number {
  let changed = 0;
  for (const [key, etag] of before) if (manifest.page(key)?.published?.etag !== etag) changed++;
  return changed;
}
