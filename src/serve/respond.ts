import type { IncomingMessage, ServerResponse } from "node:http";

import { isCompressed } from "../core/encoding.ts";
import type { Encoding } from "../core/encoding.ts";
import { messageOf } from "../core/errors.ts";
import type { RequestRules } from "./check-request.ts";
import { checkRequest } from "./check-request.ts";
import type { Located } from "./locate.ts";
import { locate } from "./locate.ts";
import { hasCookie } from "./forwarded-headers.ts";
import { openTwin } from "./open-twin.ts";
import type { Origin } from "./origin.ts";
import { openSiteFile } from "./open-site-file.ts";
import { planFile, planMissingPage } from "./plan-file.ts";
import { planRefusal } from "./plan-refusal.ts";
import { planText } from "./response-plan.ts";
import type { ServeLog } from "./serve-options.ts";
import { validatorsOf } from "./validators.ts";
import { writeResponse } from "./write-response.ts";

/** What a server knows while it answers. */
export interface ServeContext {
  readonly root: string;
  readonly base: readonly string[];
  readonly headers: ReadonlyMap<string, string>;
  readonly rules: RequestRules;
  readonly log: ServeLog;
  now(): number;
  isGone(path: string): boolean;
  readonly compress: readonly Encoding[];
  readonly origin: Origin | undefined;
  readonly bypassCookie: string | undefined;
}

/**
 * Answers one request and resolves when that is over, however it ends; it never rejects. The unexpected is logged and
 * told to the client as a bare 500, or by cutting the connection when the answer has begun.
 */
export async function respond(
  context: ServeContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeaders(new Map(context.headers));
  try {
    await answer(context, request, response);
  } catch (thrown) {
    context.log.error({ err: thrown }, `A request could not be answered: ${messageOf(thrown)}`);
    if (response.headersSent) response.destroy();
    else await writeResponse(response, planText(500, "Something went wrong on the server."));
  }
}

async function answer(context: ServeContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hosts = request.headersDistinct["host"] ?? [];
  const checked = checkRequest(
    {
      method: request.method,
      target: request.url ?? "",
      hosts,
      headerCount: request.rawHeaders.length / 2,
    },
    context.rules,
  );
  switch (checked.kind) {
    case "refused":
      if (checked.reason === "host") {
        context.log.warn(
          { host: hosts[0]?.slice(0, 255) },
          "Refused a request for another host name; --allow-host answers for more names.",
        );
      }
      return await writeResponse(response, planRefusal(checked.reason));
    case "hidden":
      return await answerMissing(context, response, 404);
    case "dynamic":
      return await answerByOrigin(context, request, response);
    case "find":
      if (context.bypassCookie !== undefined) {
        if (hasCookie(request.headers.cookie, context.bypassCookie))
          return await answerByOrigin(context, request, response);
        response.setHeader("Vary", "Cookie");
      }
      return await answerLocated(
        context,
        request,
        response,
        await locate(context.root, context.base, checked.path, checked.query),
      );
  }
}

async function answerLocated(
  context: ServeContext,
  request: IncomingMessage,
  response: ServerResponse,
  located: Located,
): Promise<void> {
  switch (located.kind) {
    case "redirect":
      return await writeResponse(response, planText(located.status, "Moved.", { Location: located.location }));
    case "missing": {
      if (context.origin !== undefined) return await answerByOrigin(context, request, response);
      const isGone = located.path !== undefined && context.isGone(located.path);
      return await answerMissing(context, response, isGone ? 410 : 404);
    }
    case "file": {
      const { handle, stats } = located.file;
      try {
        const validators = validatorsOf(stats, context.now());
        const { method, headers } = request;
        const { key } = located;
        const varies = context.compress.length > 0 && isCompressed(key);
        if (varies) response.appendHeader("Vary", "Accept-Encoding");
        const twin = varies ? await openTwin(context.root, key, stats, headers, context.compress) : undefined;
        if (twin === undefined) {
          const plan = planFile({ method, headers, key, size: Number(stats.size), validators });
          return await writeResponse(response, plan, handle);
        }
        try {
          const size = Number(twin.stats.size);
          const own = { ...validators, etag: validatorsOf(twin.stats, context.now()).etag };
          const plan = planFile({ method, headers, key, size, validators: own, encoding: twin.encoding });
          return await writeResponse(response, plan, twin.handle);
        } finally {
          await twin.handle.close();
        }
      } finally {
        await handle.close();
      }
    }
  }
}

/** @returns once the application, or a page that says that it is down, has answered */
async function answerByOrigin(
  context: ServeContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const passed = await context.origin?.pass(request, response);
  if (passed === "answered") return;
  // The rest of a body would have to be read before the next request.
  response.setHeaders(new Map([...context.headers, ["Connection", "close"]]));
  const status = passed === "late" ? 504 : 502;
  const page = await openSiteFile(context.root, [`${status}.html`]);
  if (page.kind !== "file") {
    const text = status === 504 ? "The application took too long to answer." : "The application can't be reached.";
    return await writeResponse(response, planText(status, text, { "Retry-After": "5" }));
  }
  try {
    await writeResponse(response, planMissingPage(status, `${status}.html`, Number(page.stats.size)), page.handle);
  } finally {
    await page.handle.close();
  }
}

async function answerMissing(context: ServeContext, response: ServerResponse, status: 404 | 410): Promise<void> {
  const key = "404.html";
  const page = await openSiteFile(context.root, [key]);
  if (page.kind !== "file") {
    const text = status === 410 ? "This page is gone." : "There is no such page.";
    return await writeResponse(response, planText(status, text));
  }
  try {
    await writeResponse(response, planMissingPage(status, key, Number(page.stats.size)), page.handle);
  } finally {
    await page.handle.close();
  }
}
