import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";

import { build, Running } from "../support/cli.ts";
import { packageSite } from "../e2e/package-site.ts";
import { starterSite } from "../e2e/starter-site.ts";

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

async function openBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error("install Debian's chromium: apt-get install chromium");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  onTestFinished(async () => browser.close());
  return browser;
}

test("the package catalogue can be searched and followed in a browser", { timeout: 120_000 }, async () => {
  const browser = await openBrowser();
  const site = packageSite();
  expect((await build(site.folder)).exitCode).toBe(0);
  const [, url = ""] = await new Running(site.folder, ["serve", "--port", "0"]).said(/served at (\S+)/);
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

test("the starter in development reloads by itself, and says what it read", { timeout: 120_000 }, async () => {
  const browser = await openBrowser();
  const site = starterSite();
  const dev = new Running(site.folder, ["dev", "--port", "0"]);
  const [, url = ""] = await dev.said(/at (http:\S+\/)/);
  await dev.said(/Ready/);
  const shots = mkdtempSync(join(tmpdir(), "rekiln-screenshots-"));
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints = complaintsOf(page);

  await page.goto(url);
  await page.getByRole("link", { name: "Saturn" }).click();
  await page.waitForURL("**/bodies/saturn/");
  await page.screenshot({ path: join(shots, "saturn.png"), fullPage: true });
  await page.getByRole("button", { name: "rekiln" }).click();
  const panel = page.getByRole("region", { name: "What this page read" });
  await panel.getByText("body/saturn", { exact: true }).waitFor();
  expect(await panel.getByRole("listitem").allTextContents()).toEqual(
    expect.arrayContaining([
      "body[tags=gas giant]",
      "body[tags=rings]",
      "body[tags=gas giant]",
      "body[tags=rings]",
      "body[parent=saturn,draft=false] by -radius",
      expect.stringMatching(/^body:titan\{.*name.*\}$/),
    ]),
  );
  await page.screenshot({ path: join(shots, "panel.png") });

  site.edit("data/body.ndjson", "The planet with the bright rings.", "A planet with bright rings.");
  await page.getByText("A planet with bright rings.").waitFor();
  // The panel stays open, and tells of the new page.
  await panel.getByText("body/saturn", { exact: true }).waitFor();
  site.edit("static/site.css", "--accent: #8a4b08", "--accent: #104b88");
  const accent = "getComputedStyle(document.documentElement).getPropertyValue('--accent')";
  await expect.poll(async () => page.evaluate(accent), { timeout: 10_000 }).toBe("#104b88");
  // A page that is left lets go of its events.
  expect(complaints.filter((complaint) => !complaint.includes("/__rekiln/events"))).toEqual([]);

  site.edit("templates/body.eta", "it.text", "it.txet");
  await page.getByText("templates/body.eta:").waitFor();
  await page.screenshot({ path: join(shots, "failed.png"), fullPage: true });
  site.edit("templates/body.eta", "it.txet", "it.text");
  await page.getByText("A planet with bright rings.").waitFor();

  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 700 });
    for (const path of ["", "bodies/", "bodies/jupiter/", "tags/", "people/william-herschel/"]) {
      await page.goto(url + path);
      const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate(overflow), path).toBe(0);
    }
    await page.screenshot({ path: join(shots, `phone-${colorScheme}.png`), fullPage: true });
  }
  process.stdout.write(`screenshots: ${shots}\n`);
});
