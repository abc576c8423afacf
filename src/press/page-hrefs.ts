const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const BETWEEN = /[\t\n\f\r /]/;
/** Elements whose content is text up to their end tag. */
const TEXT_ONLY = new Set(["script", "style", "textarea", "title"]);
const ADDRESSES = new Set(["href", "src", "action"]);

function unescape(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));?/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Reads a document from front to back, once. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Moves behind the next start tag's name, which it gives in lower case; undefined at the end. */
  tag(): string | undefined {
    for (;;) {
      const open = this.#text.indexOf("<", this.#at);
      if (open < 0) return undefined;
      this.#at = open + 1;
      if (this.#text.startsWith("!--", this.#at)) {
        this.skipTo("-->", this.#at + 3);
        continue;
      }
      const name = this.#word(/[A-Za-z0-9-]/);
      if (name !== "") return name.toLowerCase();
    }
  }

  /** The next attribute of the tag; undefined behind its end. */
  attribute(): { readonly name: string; readonly value: string } | undefined {
    while (this.#at < this.#text.length && BETWEEN.test(this.#text.charAt(this.#at))) this.#at++;
    if (this.#at >= this.#text.length || this.#text.charAt(this.#at) === ">") {
      this.#at++;
      return undefined;
    }
    const name = this.#word(/[^\t\n\f\r />=]/) || this.#text.charAt(this.#at++);
    this.#word(/[\t\n\f\r ]/);
    if (this.#text.charAt(this.#at) !== "=") return { name: name.toLowerCase(), value: "" };
    this.#at++;
    this.#word(/[\t\n\f\r ]/);
    const quote = this.#text.charAt(this.#at);
    if (quote !== '"' && quote !== "'")
      return { name: name.toLowerCase(), value: unescape(this.#word(/[^\t\n\f\r >]/)) };
    const start = this.#at + 1;
    this.skipTo(quote, start);
    return { name: name.toLowerCase(), value: unescape(this.#text.slice(start, this.#at - 1)) };
  }

  /** Moves behind the next occurrence of a text, or to the end. */
  skipTo(end: string, from = this.#at): void {
    const found = this.#text.indexOf(end, from);
    this.#at = found < 0 ? this.#text.length + 1 : found + end.length;
  }

  #word(pattern: RegExp): string {
    const start = this.#at;
    while (this.#at < this.#text.length && pattern.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }
}

/** The addresses in the `href`, `src` and `action` of an HTML or XML document, as they are written, each once. In linear time. */
export function hrefsOf(markup: string): readonly string[] {
  const found = new Set<string>();
  const scanner = new Scanner(markup);
  for (let tag = scanner.tag(); tag !== undefined; tag = scanner.tag()) {
    for (let one = scanner.attribute(); one !== undefined; one = scanner.attribute()) {
      if (ADDRESSES.has(one.name)) found.add(one.value.trim());
    }
    if (TEXT_ONLY.has(tag)) scanner.skipTo(`</${tag}`);
  }
  return [...found];
}
