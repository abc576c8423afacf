import type { Html } from "../core/html.ts";
import { html } from "../render/html-tag.ts";
import { DEV_PREFIX } from "./dev-client.ts";
import type { DevFailure } from "./dev-answer.ts";

const ASKS_AGAIN = html`<meta http-equiv="refresh" content="2" />`;

function document(title: string, body: Html, head: Html | null = null): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${head}
        <title>${title}</title>
        <link rel="stylesheet" href="${`${DEV_PREFIX}dev.css`}" />
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.html;
}

/** The page that tells of a failure: what, where, the lines around it, and what it is about. */
export function failurePage(failure: DevFailure): string {
  const { title, message, hint, file, line, excerpt, page, subject } = failure;
  const place = file === undefined ? undefined : line === undefined ? file : `${file}:${line}`;
  const lines = excerpt.map(
    ({ number, text, isHere }) =>
      html`<span class="${isHere ? "line here" : "line"}"><b>${number}</b>${text === "" ? " " : text}</span>`,
  );
  const facts = [
    { name: "Page", value: page },
    { name: "About", value: subject },
  ].filter(({ value }) => value !== undefined);
  return document(
    title,
    html`<p class="brand">rekiln dev</p>
      <h1>${title}</h1>
      <p class="message">${message}</p>
      ${hint === undefined ? null : html`<p class="hint">${hint}</p>`}
      ${place === undefined ? null : html`<p class="place">${place}</p>`}
      ${lines.length === 0 ? null : html`<pre tabindex="0"><code>${lines}</code></pre>`}
      ${
        facts.length === 0
          ? null
          : html`<dl>
              ${facts.map(
                ({ name, value }) =>
                  html`<div>
                    <dt>${name}</dt>
                    <dd>${value ?? ""}</dd>
                  </div>`,
              )}
            </dl>`
      }
      <p class="foot">This page reloads when you save a change.</p>`,
  );
}

/** The page for a path that no page has, where the site has none of its own. */
export function missingPage(path: string): string {
  return document(
    "No page here",
    html`<p class="brand">rekiln dev</p>
      <h1>No page has this path</h1>
      <p class="message">${path}</p>
      <p class="hint">
        A route whose path gives exactly this, for some entity or value, would be here. A route with the path
        <code>/404.html</code> makes the page that visitors see instead of this one.
      </p>
      <p class="hint">Sitemaps and redirects come with <code>rekiln build</code>.</p>`,
  );
}

/** The page while the data is taken in for the first time, or all pages are gone over; it asks again by itself. */
export function waitingPage(forWhat: "data" | "path", count: number): string {
  const title = forWhat === "data" ? "Taking in the data" : "Looking for the page of this path";
  const what = forWhat === "data" ? "records" : "pages gone over";
  const message = count === 0 ? "It has just begun." : `${count.toLocaleString("en")} ${what} so far.`;
  return document(
    title,
    html`<p class="brand">rekiln dev</p>
      <h1>${title}</h1>
      <p class="message">${message}</p>
      <p class="foot">This happens once. The page goes on by itself; what other pages link to is found at once.</p>`,
    ASKS_AGAIN,
  );
}
