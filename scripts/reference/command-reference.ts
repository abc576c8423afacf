import type { Command, Option } from "commander";

function optionLine(option: Option): string {
  const notes = [
    ...(option.argChoices === undefined ? [] : [`one of ${option.argChoices.join(", ")}`]),
    ...(option.defaultValue === undefined ? [] : [`default: \`${String(option.defaultValue)}\``]),
  ];
  const cell = `${option.description}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
  return `| \`${option.flags.replaceAll("|", "\\|")}\` | ${cell.replaceAll("|", "\\|")} |`;
}

function sectionOf(command: Command, parents: string): readonly string[] {
  const name = `${parents} ${command.name()}`;
  const lines = [
    `### ${name}`,
    "",
    `\`${`${name} ${command.usage()}`.trim()}\``,
    "",
    sentence(command.description()),
    "",
  ];
  const given = command.registeredArguments.filter(({ description }) => description !== "");
  const options = command.options.filter(({ hidden }) => !hidden);
  if (given.length + options.length > 0) {
    lines.push("| | |", "|---|---|");
    for (const argument of given) lines.push(`| \`<${argument.name()}>\` | ${argument.description} |`);
    lines.push(...options.map(optionLine), "");
  }
  for (const inner of command.commands) lines.push(...sectionOf(inner, name));
  return lines;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The commands of a program with their arguments and options, as it would explain them itself. */
export function commandReference(program: Command): readonly string[] {
  return program.commands.flatMap((command) => sectionOf(command, program.name()));
}
