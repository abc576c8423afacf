/** Markup that is safe to write as it stands: made by `html`, `raw`, `json` or a template, never by a string. */
export class Html {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }

  toString(): string {
    return this.html;
  }
}

/** Marks markup that the caller has already made safe: it is written without escaping. */
export function raw(markup: string): Html {
  return new Html(markup);
}
