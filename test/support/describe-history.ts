import type { Edit, History } from "./site-history.ts";
import { routeName } from "./model-site.ts";
import type { ModelSite } from "./model-site.ts";

/** A history for people, a line for each thing in it. */
export function describeHistory(history: History): string {
  const { sites, initial, batches } = history;
  const hasConfigEdit = batches.some(({ edits }) => edits.some(({ edit }) => edit === "config"));
  const lines = sites.slice(0, hasConfigEdit ? 2 : 1).flatMap((site, number) => describeSite(site, number));
  lines.push("first:", ...initial.map(describeEdit));
  for (const [index, { edits, how, nth, thenLose }] of batches.entries()) {
    const then = thenLose === undefined ? "" : `, then lose ${thenLose}`;
    lines.push(`batch ${index + 1} (${how}${how === "build" || how === "forced" ? "" : ` ${nth}`}${then}):`);
    lines.push(...edits.map(describeEdit));
  }
  return lines.join("\n");
}

function describeSite(site: ModelSite, number: number): string[] {
  const types = site.types.map(({ index }, type) => `type${type}[${index.join(", ")}]`);
  const lines = [`site ${number}: ${types.join(" ")}`];
  for (const [place, { each, prefix, named, hasDrafts, shape, list, ...rest }] of site.routes.entries()) {
    const of = each === "one" ? each : "field" in each ? `type${each.type}.${each.field}` : `type${each.type}`;
    const path = `${prefix}/${each === "one" ? "" : `<${named}>`} as ${shape}${hasDrafts ? ", flag is draft" : ""}`;
    lines.push(
      `  ${routeName(place)}: each ${of} at ${path} by ${rest.template}${rest.isEarly ? ", early" : ""}${rest.isDated ? ", dated" : ""}`,
    );
    if (list !== undefined) lines.push(`    list ${JSON.stringify(list)}`);
    for (const step of rest.steps) lines.push(`    load ${JSON.stringify(step)}`);
    for (const [version, prints] of rest.prints.entries()) {
      for (const print of prints) lines.push(`    template ${version} ${JSON.stringify(print)}`);
    }
  }
  return lines;
}

function describeEdit(given: Edit): string {
  const { edit, ...rest } = given;
  const details = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `  ${edit} ${details.join(", ")}`;
}
