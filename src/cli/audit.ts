import { Command } from "commander";

import type { FindingKind } from "../press/audit.ts";
import { runAudit } from "../system/run-audit.ts";
import type { AuditReport } from "../system/run-audit.ts";
import { printable } from "./build-summary.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { ProgressLine } from "./progress-line.ts";
import { concurrencyOption } from "./pressing-options.ts";
import { wholeNumber } from "./whole-number.ts";
import { siteEnvironment } from "../system/site-environment.ts";

const SHOWN_MAX = 50;

interface AuditFlags {
  readonly config: string;
  readonly deep?: true;
  readonly repair?: true;
  readonly maxDeletes?: number;
  readonly concurrency?: number;
  readonly json?: true;
}

const KINDS: Readonly<Record<FindingKind, string>> = {
  differs: "other than what was put, or than a fresh render",
  missing: "missing",
  orphan: "of nothing that is there any more",
  foreign: "not written by rekiln",
  temporary: "left by killed processes",
};

function textOf({ counts, findings, repaired, cost }: AuditReport): string {
  const kinds = Object.entries(counts).filter(([, found]) => found > 0);
  const lines = findings.slice(0, SHOWN_MAX).map(({ kind, where, detail }) => `${kind}: ${where}: ${detail}`);
  const total = kinds.reduce((sum, [, found]) => sum + found, 0);
  if (total > lines.length) lines.push(`and ${count(total - lines.length)} more`);
  if (kinds.length === 0) lines.push("Everything is as it should be.");
  // They are the keys of `KINDS`.
  for (const [kind, found] of kinds) lines.push(`${count(found)} ${KINDS[kind as FindingKind]}`);
  if (repaired !== undefined) {
    const { pages, removed, withheld, failed } = repaired;
    lines.push(`Repaired: ${count(pages)} pages made anew, ${count(removed)} removed, ${count(failed)} failed.`);
    if (withheld > 0) lines.push(`${count(withheld)} removals are withheld: --max-deletes ${withheld} does them.`);
  }
  lines.push(runCostText(cost));
  return `${lines.map(printable).join("\n")}\n`;
}

function exitCodeOf({ counts, repaired }: AuditReport): number {
  // Files of others are reported, and nobody's fault.
  const bad = counts.differs + counts.missing + counts.orphan + counts.temporary;
  if (repaired === undefined) return bad > 0 ? EXIT.failed : EXIT.done;
  if (repaired.withheld > 0) return EXIT.refused;
  return repaired.failed > 0 ? EXIT.failed : EXIT.done;
}

/** `rekiln audit` */
export function auditCommand(): Command {
  return new Command("audit")
    .description("compare the stored pages with what should be there")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--deep", "read every file, and render every page")
    .option("--repair", "mend what is found; files that rekiln didn't write are left alone")
    .option(
      "--max-deletes <pages>",
      "most objects to remove (default: 5 % of all pages, and at least 100)",
      wholeNumber(0),
    )
    .addOption(concurrencyOption())
    .option("--json", "print one JSON object")
    .action(async (flags: AuditFlags) => {
      const progress = new ProgressLine(process.stderr);
      const stop = interruptSignal();
      try {
        const report = await runAudit(
          {
            configFile: flags.config,
            isDeep: flags.deep === true,
            repairs: flags.repair === true,
            maxDeletes: flags.maxDeletes,
            concurrency: flags.concurrency,
          },
          {
            environment: siteEnvironment(flags.config),
            stop,
            onProgress: (pages) => progress.show(`${count(pages)} pages rendered`, performance.now()),
            warn: (message) => progress.say(message),
          },
        );
        progress.end();
        process.exitCode = exitCodeOf(report);
        if (flags.json === true) {
          const data = { schema: "rekiln.audit/1", ...report, repaired: report.repaired ?? null };
          process.stdout.write(`${JSON.stringify({ ...data, exitCode: process.exitCode })}\n`);
        } else process.stdout.write(textOf(report));
      } finally {
        progress.end();
      }
    });
}
