import { expect } from "vitest";

/** An address on a page runs nothing, whoever clicks it. */
export function expectHarmlessUrl(url: string): void {
  const base = "https://site.example/page/";
  if (!URL.canParse(url, base)) return;
  const { protocol, href } = new URL(url, base);
  if (href.startsWith("about:invalid#blocked")) return;
  expect(["http:", "https:", "mailto:", "tel:"], url).toContain(protocol);
}
