import MarkdownIt from "markdown-it";
import { raw } from "rekiln";
import type { Html } from "rekiln";

// `html: false` prints tags in the text as text, and addresses are checked by markdown-it: `javascript:` makes no link.
// Only because of that may raw() print what comes out.
const parser = new MarkdownIt({ html: false, typographer: true });

/** Markdown as markup. Called in `load`, so that a text is rendered again only when it changes. */
export function markdown(text: string): Html {
  return raw(parser.render(text));
}
