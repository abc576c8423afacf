import { readFileSync } from "node:fs";

import { PACKAGE_URL } from "../core/package-url.ts";

/** Where the files and events of the development server itself answer, before any page. */
export const DEV_PREFIX = "/__rekiln/";

const FOLDER = new URL("templates/dev/", PACKAGE_URL);

/** The files that pages load in development, by name. */
export function devClientFiles(): ReadonlyMap<string, Buffer> {
  return new Map(["client.js", "panel.css", "dev.css"].map((name) => [name, readFileSync(new URL(name, FOLDER))]));
}

/** A page of HTML with the script that reloads it and shows what it read. */
export function withDevClient(content: string, revision: number): string {
  const script = `<script src="${DEV_PREFIX}client.js" data-revision="${revision}" defer></script>`;
  const end = content.lastIndexOf("</body>");
  return end < 0 ? content + script : content.slice(0, end) + script + content.slice(end);
}
