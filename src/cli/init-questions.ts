import type * as prompts from "@clack/prompts";

import { SITE_TEMPLATES } from "../system/init-site.ts";
import type { InitPlan, SiteTemplate } from "../system/init-site.ts";

/** Loaded only when something is asked. */
type Prompts = typeof prompts;

/** What `rekiln init` asks at a terminal. Undefined answers mean that the question was left with Ctrl-C. */
export class InitQuestions {
  readonly #prompts: Prompts;

  private constructor(prompts: Prompts) {
    this.#prompts = prompts;
  }

  static async open(): Promise<InitQuestions> {
    // Imported here: nothing else asks so much.
    const loaded = await import("@clack/prompts");
    loaded.intro("rekiln init");
    return new InitQuestions(loaded);
  }

  async folder(): Promise<string | undefined> {
    const answer = await this.#prompts.text({
      message: "Where shall the site be?",
      initialValue: "./my-site",
      validate: (value) => (value === undefined || value.trim() === "" ? "Name a folder; . is this one." : undefined),
    });
    return this.#prompts.isCancel(answer) ? undefined : answer.trim();
  }

  async template(): Promise<SiteTemplate | undefined> {
    const names = Object.keys(SITE_TEMPLATES) as SiteTemplate[];
    const options = names.map((value) => ({ value, label: value, hint: SITE_TEMPLATES[value] }));
    const answer = await this.#prompts.select<SiteTemplate>({ message: "What shall it begin with?", options });
    return this.#prompts.isCancel(answer) ? undefined : answer;
  }

  /** What to do about files that are there already. */
  async existing({ existing }: InitPlan): Promise<"keep" | "replace" | undefined> {
    const [first = "", ...others] = existing;
    const named = others.length === 0 ? `${first} is` : `${first} and ${others.length} more files are`;
    const answer = await this.#prompts.select<"keep" | "replace">({
      message: `${named} there already.`,
      options: [
        { value: "keep", label: "Keep what is there, and write the others" },
        { value: "replace", label: "Replace it" },
      ],
    });
    return this.#prompts.isCancel(answer) ? undefined : answer;
  }
}
