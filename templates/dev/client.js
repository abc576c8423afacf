// Loads the page again when its site changes, and shows what it read. Only `rekiln dev` puts it into pages.
const script = document.currentScript;
const own = new URL(".", script.src);
const events = new EventSource(new URL(`events?since=${script.dataset.revision}`, own));
events.addEventListener("revision", ({ data }) => {
  if (data !== script.dataset.revision) location.reload();
});
// The connection would keep this page's copy in the back-forward cache from being used.
addEventListener("pagehide", () => events.close());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});

const LABELS = {
  entity: "Entities, and their fields",
  list: "Lists, down to the last row shown",
  count: "Counts",
  exists: "Whether a value exists",
  pages: "Numbers of pages",
  values: "Values of a field",
  asset: "Files",
  clock: "The clock",
};

const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

class DevPanel extends HTMLElement {
  #panel = element("section", undefined, { "aria-label": "What this page read", hidden: "" });
  #button = element("button", "rekiln", { type: "button", "aria-expanded": "false", title: "What this page read" });

  connectedCallback() {
    const root = this.attachShadow({ mode: "open" });
    root.append(element("link", undefined, { rel: "stylesheet", href: new URL("panel.css", own).href }));
    root.append(this.#panel, this.#button);
    this.#button.addEventListener("click", () => this.#toggle());
    this.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && !this.#panel.hidden) this.#toggle();
    });
    if (sessionStorage.getItem("rekiln-panel") === "open") this.#toggle();
  }

  #toggle() {
    const isOpen = this.#panel.hidden;
    this.#panel.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    sessionStorage.setItem("rekiln-panel", isOpen ? "open" : "closed");
    if (isOpen) void this.#fill();
  }

  async #fill() {
    const address = new URL("report", own);
    address.searchParams.set("path", location.pathname);
    try {
      const report = await (await fetch(address)).json();
      this.#panel.replaceChildren(...(report.page === null ? [element("p", "No page is here.")] : this.#told(report)));
    } catch {
      this.#panel.replaceChildren(element("p", "rekiln dev doesn't answer."));
    }
  }

  #told({ page, route, template, ms, version, reads }) {
    const facts = element("dl");
    for (const [name, value] of [
      ["Page", page],
      ["Route", route],
      ["Made by", template],
      ["Rendered in", `${ms.toFixed(1)} ms, from version ${version} of the data`],
    ]) {
      facts.append(element("dt", name), element("dd", value));
    }
    const parts = [facts];
    for (const [use, label] of Object.entries(LABELS)) {
      const refs = reads.filter((read) => read.use === use);
      if (refs.length === 0) continue;
      const list = element("ul");
      for (const { ref } of refs) list.append(element("li", ref));
      parts.push(element("h2", `${label} (${refs.length})`), list);
    }
    if (reads.length === 0) parts.push(element("p", "It read nothing: only its template and the config make it."));
    else parts.push(element("p", "A change to any of these renders this page again, and hardly another change does."));
    return parts;
  }
}

customElements.define("rekiln-dev-panel", DevPanel);
document.body.append(document.createElement("rekiln-dev-panel"));
