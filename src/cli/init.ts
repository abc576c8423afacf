import { relative, resolve } from "node:path";

import { Command, Option } from "commander";

import { RekilnError } from "../core/errors.ts";
import { initSite, keptFiles, nextCommands, planInit, SITE_TEMPLATES } from "../system/init-site.ts";
import type { InitPlan, SiteTemplate } from "../system/init-site.ts";
import { printable } from "./build-summary.ts";
import { EXIT } from "./exit.ts";
import { InitQuestions } from "./init-questions.ts";

interface InitFlags {
  readonly template?: SiteTemplate;
  readonly yes?: true;
  readonly force?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

interface Wanted {
  readonly plan: InitPlan;
  readonly replaces: boolean;
}

/** `rekiln init` */
export function initCommand(): Command {
  return new Command("init")
    .description("make a working site: config, data, templates")
    .argument("[dir]", "where (default: this folder; asked at a terminal)")
    .addOption(
      new Option("--template <name>", "what to begin with (default: starter)").choices(Object.keys(SITE_TEMPLATES)),
    )
    .option("--yes", "ask nothing")
    .option("--force", "replace files that are there already")
    .option("--dry-run", "say what would be written, and write nothing")
    .option("--json", "print the outcome as one JSON object; asks nothing")
    .action(async (dir: string | undefined, flags: InitFlags) => {
      const wanted = await want(dir, flags);
      if (wanted === undefined) {
        process.exitCode = EXIT.interrupted;
        return;
      }
      const { plan, replaces } = wanted;
      const isDryRun = flags.dryRun === true;
      const { written, kept } = isDryRun
        ? {
            written: plan.files.filter((file) => !keptFiles(plan, replaces).includes(file)),
            kept: keptFiles(plan, replaces),
          }
        : initSite(plan, replaces);
      const next = nextCommands(plan);
      if (flags.json === true) {
        const { folder, template } = plan;
        const outcome = { schema: "rekiln.init.1", dryRun: isDryRun, folder, template, written, kept, next };
        process.stdout.write(`${JSON.stringify(outcome)}\n`);
        return;
      }
      const where = relative(process.cwd(), plan.folder) || "this folder";
      const verb = isDryRun ? "would be written" : "written";
      process.stdout.write(
        printable(`${written.length} files ${verb} to ${where}, from the template ${plan.template}.`),
      );
      process.stdout.write("\n");
      if (isDryRun) process.stdout.write(written.map((file) => `  ${printable(file)}\n`).join(""));
      if (kept.length > 0)
        process.stdout.write(`Kept as ${kept.length === 1 ? "it was" : "they were"}: ${kept.join(", ")}\n`);
      process.stdout.write(`\nNext:\n${next.map((command) => `  ${printable(command)}\n`).join("")}`);
    });
}

/** What is to be done, asked at a terminal where it isn't said; undefined when whoever was asked left. */
async function want(dir: string | undefined, flags: InitFlags): Promise<Wanted | undefined> {
  const asks = flags.yes !== true && flags.json !== true && process.stdin.isTTY && process.stdout.isTTY;
  const questions = asks ? await InitQuestions.open() : undefined;
  const folder = dir ?? (questions === undefined ? "." : await questions.folder());
  if (folder === undefined) return undefined;
  const template = flags.template ?? (questions === undefined ? "starter" : await questions.template());
  if (template === undefined) return undefined;
  const plan = planInit(template, resolve(folder));
  if (plan.existing.length === 0 || flags.force === true) return { plan, replaces: flags.force === true };
  if (questions === undefined) throw filesExist(plan);
  const answer = await questions.existing(plan);
  return answer === undefined ? undefined : { plan, replaces: answer === "replace" };
}

function filesExist({ existing, folder }: InitPlan): RekilnError {
  const shown = existing.slice(0, 5).join(", ");
  const others = existing.length > 5 ? ` and ${existing.length - 5} more` : "";
  return new RekilnError({
    code: "files-exist",
    message: `In ${folder} there are files already that a site would have: ${shown}${others}. Nothing was written.`,
    disposition: "fatal",
    hint: "Name an empty folder, or replace them with --force.",
  });
}
