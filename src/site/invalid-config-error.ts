import { RekilnError } from "../core/errors.ts";
import type { Problem } from "./problem.ts";

/** `config-invalid`: the config was loaded, and declares a site with mistakes. The message has a line for each. */
export class InvalidConfigError extends RekilnError {
  readonly problems: readonly Problem[];

  constructor(configFile: string, problems: readonly Problem[]) {
    const lines = problems.map(({ path, message, hint }) => `  ${path}: ${message} — ${hint}`);
    const count = problems.length === 1 ? "a mistake" : `${problems.length} mistakes`;
    super({
      code: "config-invalid",
      message: `${configFile} has ${count}:\n${lines.join("\n")}`,
      disposition: "fatal",
      hint: "Mend what is listed; each line says how.",
    });
    this.problems = problems;
  }
}
