import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";

import { build, Running } from "../support/cli.ts";
import { packageSite } from "../e2e/package-site.ts";

const CHROMIUM = "/usr/bin/chromium";
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Everything that a page complains of. */
function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} failed`));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  return complaints;
}

test("the package catalogue can be searched and followed in a browser", { timeout: 120_000 }, async () => {
  if (!existsSync(CHROMIUM)) throw new Error("install Debian's chromium: apt-get install chromium");
  const site = packageSite();
  expect((await build(site.folder)).exitCode).toBe(0);
  const [, url = ""] = await new Running(site.folder, ["serve", "--port", "0"]).said(/served at (\S+)/);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  onTestFinished(async () => browser.close());
  const shots = mkdtempSync(join(tmpdir(), "rekiln-screenshots-"));
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints = complaintsOf(page);

  await page.goto(url);
  expect(await page.title()).toContain("Package Catalogue");
  await page.screenshot({ path: join(shots, "home.png"), fullPage: true });

  await page.getByLabel(/^Find a package/).fill("libc");
  await page.locator("#search-results a").first().waitFor();
  await page.screenshot({ path: join(shots, "search.png") });
  const names = await page.locator("#search-results a").allTextContents();
  expect(names).toContain("libc6");
  expect(names.every((name) => name.startsWith("libc"))).toBe(true);

  await page.locator("#search-results").getByRole("link", { name: "libc6", exact: true }).click();
  await page.waitForURL("**/packages/libc6/");
  expect(await page.locator("h1").textContent()).toBe("libc6");
  await page.screenshot({ path: join(shots, "package.png"), fullPage: true });

  const dependant = page.locator("ul.names a").first();
  const name = (await dependant.textContent()) ?? "";
  await dependant.click();
  await page.waitForURL(`**/packages/${encodeURIComponent(name)}/`);
  expect(await page.locator("h1").textContent()).toBe(name);

  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 700 });
  await page.goto(url);
  const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  expect(overflow).toBe(0);
  await page.screenshot({ path: join(shots, "phone-dark.png"), fullPage: true });
  expect(complaints).toEqual([]);
  process.stdout.write(`screenshots: ${shots}\n`);
});
