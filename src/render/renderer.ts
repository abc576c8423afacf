/** Failure of a template: names the file and the line, so that the author can go there. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  /** File name below `templates/`, e.g. `film.eta`. */
  readonly file: string;
  /** 1-based; undefined when the failure has no line. */
  readonly line: number | undefined;

  constructor(file: string, line: number | undefined, message: string, cause?: unknown) {
    super(message, { cause });
    this.file = file;
    this.line = line;
  }
}

/** Where a template is wrong, as people write it: `templates/film.eta:3`. */
export function templatePlace({ file, line }: Pick<TemplateError, "file" | "line">): string {
  return `templates/${file}${line === undefined ? "" : `:${line}`}`;
}

/** Renders named templates that were read once, at start. */
export interface Renderer {
  /**
   * The text of a page. `props` is the template's `it`: a name that isn't there is an error.
   * @throws TemplateError naming the innermost template (partials included) and line.
   */
  render(template: string, props: Readonly<Record<string, unknown>>): string;
  /**
   * Why no page can be made with a template, whatever it holds: it, or something that it includes, can't be compiled. Empty for one
   * that is right.
   */
  brokenBy(template: string): readonly TemplateError[];
}
