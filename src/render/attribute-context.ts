/** How a value is written into an attribute, or why it isn't. */
type AttributeContext = { readonly context: "attribute" | "url" | "srcset" } | { readonly refusal: string };

const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
  "action",
  "archive",
  "background",
  "cite",
  "classid",
  "codebase",
  "data",
  "dynsrc",
  "formaction",
  "href",
  "icon",
  "longdesc",
  "lowsrc",
  "manifest",
  "ping",
  "poster",
  "profile",
  "src",
  "usemap",
]);
const ANIMATIONS: ReadonlySet<string> = new Set([
  "animate",
  "animatecolor",
  "animatemotion",
  "animatetransform",
  "set",
]);
const ANIMATED_VALUES: ReadonlySet<string> = new Set(["attributename", "by", "from", "to", "values"]);

/** What a value may do in an attribute. Both names in lower case; a prefix as in `xlink:href` counts for nothing. */
export function attributeContext(tag: string, attribute: string): AttributeContext {
  const name = attribute.slice(attribute.lastIndexOf(":") + 1);
  if (!/^[a-z_][\w.:-]*$/.test(attribute)) {
    return {
      refusal: `\`${attribute}\` isn't a plain attribute: scripts read such names as code. Put the value into a data- attribute`,
    };
  }
  if (name.startsWith("on")) {
    return {
      refusal: `\`${attribute}\` holds a script: put the value into a data- attribute, and read it from a script`,
    };
  }
  if (name === "style") {
    return { refusal: "`style` takes no values: choose between classes, or put the value into a data- attribute" };
  }
  if (name === "srcdoc") {
    return { refusal: "`srcdoc` holds a whole page: give the frame a page of its own, and link to it by `src`" };
  }
  if (tag === "script" && name !== "src" && name !== "type") {
    return { refusal: `\`${attribute}\` of <script> takes no values: only \`src\` and \`type\` do` };
  }
  if (tag === "meta" && name === "http-equiv") {
    return { refusal: "`http-equiv` takes no values: write out what it should be" };
  }
  if (ANIMATIONS.has(tag) && ANIMATED_VALUES.has(name)) {
    return { refusal: `\`${attribute}\` of <${tag}> takes no values: an animation can set an address to a script` };
  }
  if (name === "srcset" || name === "imagesrcset") return { context: "srcset" };
  return { context: URL_ATTRIBUTES.has(name) ? "url" : "attribute" };
}
