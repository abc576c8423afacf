import { checkRequest } from "../core/change-request.ts";
import type { ChangeRequest } from "../core/change-request.ts";
import { RekilnError } from "../core/errors.ts";
import type { Published } from "./publish.ts";
import { runPublish } from "./run-publish.ts";
import { SiteWriter } from "./site-writer.ts";

const SHOWN_MAX = 5;

function refused(problems: readonly string[], count: number): RekilnError {
  const more = count > problems.length ? ` And ${count - problems.length} more.` : "";
  return new RekilnError({
    code: "change-refused",
    message: `${problems.join("; ")}.${more}`,
    disposition: "discard",
    hint: 'A change is { type: "film", id: "42" }, with deleted: true when the entity is gone.',
  });
}

/** What `publish` does. */
export async function publishChanges(
  changes: unknown,
  configFile: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Published> {
  using site = await SiteWriter.open(configFile, environment);
  const requests: ChangeRequest[] = [];
  const problems: string[] = [];
  for (const [place, change] of (Array.isArray(changes) ? (changes as readonly unknown[]) : [changes]).entries()) {
    const checked = checkRequest(change, site.config.site.entities);
    if (checked.ok) requests.push(checked.request);
    else problems.push(`the change at place ${place} can't be published: ${checked.problem}`);
  }
  if (problems.length > 0) throw refused(problems.slice(0, SHOWN_MAX), problems.length);
  const {
    changed,
    unchangedCount,
    refusedCount,
    refused: why,
    isMarked,
    relay,
  } = await runPublish(site, requests, new AbortController().signal);
  if (refusedCount > 0) throw refused(why.slice(0, SHOWN_MAX), refusedCount);
  const { sent, waiting, needsBuild } = relay;
  return { changed, unchanged: unchangedCount, sent, waiting, needsBuild, marked: isMarked };
}
