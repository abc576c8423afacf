import type { IncomingMessage, ServerResponse } from "node:http";

import { contentTypeOf } from "../core/content-type.ts";
import { messageOf } from "../core/errors.ts";
import { checkRequest } from "./check-request.ts";
import type { RequestRules } from "./check-request.ts";
import { createGuardedServer } from "./create-guarded-server.ts";
import type { GuardedServer } from "./create-guarded-server.ts";
import type { DecodedPath } from "./decode-path.ts";
import type { DevAnswer, DevSite } from "./dev-answer.ts";
import { DEV_PREFIX, devClientFiles, withDevClient } from "./dev-client.ts";
import { DevEvents } from "./dev-events.ts";
import { failurePage, missingPage, waitingPage } from "./dev-page.ts";
import { openSiteFile } from "./open-site-file.ts";
import { planFile } from "./plan-file.ts";
import { planRefusal } from "./plan-refusal.ts";
import { planText } from "./response-plan.ts";
import type { ResponsePlan } from "./response-plan.ts";
import { securityHeaders } from "./security-headers.ts";
import { defaultServeLimits } from "./serve-options.ts";
import type { ServeLog } from "./serve-options.ts";
import { validatorsOf } from "./validators.ts";
import { writeResponse } from "./write-response.ts";

export interface DevServerOptions {
  readonly site: DevSite;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly log: ServeLog;
}

/** A server that renders pages when they are asked for, and tells browsers when they are to ask again. */
export function createDevServer({ site, host, port, allowedHosts, log }: DevServerOptions): GuardedServer {
  const headers = securityHeaders();
  const client = devClientFiles();
  const events = new DevEvents(site);

  async function respond(rules: RequestRules, request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeaders(new Map(headers));
    try {
      await answer(rules, request, response);
    } catch (thrown) {
      log.error({ err: thrown }, `A request could not be answered: ${messageOf(thrown)}`);
      if (response.headersSent) response.destroy();
      else await writeResponse(response, planText(500, `rekiln dev failed: ${messageOf(thrown)}`));
    }
  }

  async function answer(rules: RequestRules, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hosts = request.headersDistinct["host"] ?? [];
    const headerCount = request.rawHeaders.length / 2;
    const checked = checkRequest({ method: request.method, target: request.url ?? "", hosts, headerCount }, rules);
    if (checked.kind === "refused") return await writeResponse(response, planRefusal(checked.reason));
    // Without an application behind it nothing is its to answer.
    if (checked.kind !== "find") return await writeResponse(response, planText(404, "There is no such page."));
    const { path, query } = checked;
    if (`/${path.segments[0] ?? ""}/` === DEV_PREFIX) {
      return await answerOwn(path.segments.slice(1).join("/"), query, request, response);
    }
    const base = site.base
      .split("/")
      .filter((segment) => segment !== "")
      .map(decodeURIComponent);
    const inside = path.segments.slice(base.length);
    if (base.some((segment, index) => segment !== path.segments[index])) {
      return path.segments.length === 0
        ? await writeResponse(response, moved(`${site.base}/`))
        : await writeResponse(response, planPage(404, missingPage(pathOf(path)), site.revision));
    }
    const file = path.endsInSlash ? undefined : site.staticFile(inside.join("/"));
    if (file !== undefined && (await answerStatic(file, request, response))) return;
    const asked = `/${inside.map((segment) => `${segment}/`).join("")}`;
    const wanted = path.endsInSlash ? asked : asked.slice(0, -1) || "/";
    await writeResponse(response, planAnswer(await site.answer(wanted), wanted, query));
  }

  async function answerOwn(
    name: string,
    query: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const asked = new URLSearchParams(query);
    if (name === "events" && request.method === "GET") {
      return await events.stream(response, Number(asked.get("since") ?? 0));
    }
    if (name === "report") {
      const found = await site.answer(asked.get("path") ?? "/");
      return await writeResponse(response, planBody(200, JSON.stringify(reportOf(found)), contentTypeOf("x.json")));
    }
    const file = client.get(name);
    if (file === undefined) return await writeResponse(response, planText(404, "There is no such file."));
    await writeResponse(response, planBody(200, file.toString(), contentTypeOf(name)));
  }

  async function answerStatic(file: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const opened = await openSiteFile(site.staticFolder, file.split("/"));
    if (opened.kind !== "file") return false;
    try {
      const { method, headers: asked } = request;
      const validators = validatorsOf(opened.stats, Date.now());
      const plan = planFile({ method, headers: asked, key: file, size: Number(opened.stats.size), validators });
      await writeResponse(response, plan, opened.handle);
      return true;
    } finally {
      await opened.handle.close();
    }
  }

  function planAnswer(found: DevAnswer, path: string, query: string): ResponsePlan {
    const { revision } = site;
    switch (found.kind) {
      case "page":
        return found.contentType.startsWith("text/html")
          ? planPage(200, found.content, revision)
          : planBody(200, found.content, found.contentType);
      case "moved":
        return moved(found.location + query);
      case "missing":
        return planPage(404, found.page ?? missingPage(path), revision);
      case "failed":
        return planPage(500, failurePage(found.failure), revision);
      case "waiting":
        return planPage(503, waitingPage(found.forWhat, found.count), revision);
    }
  }

  const server = createGuardedServer({
    base: "",
    host,
    port,
    log,
    allowedHosts,
    limits: { ...defaultServeLimits, closeGraceMs: 200 },
    respond,
  });
  return {
    listen: async () => server.listen(),
    close: async () => {
      events.end();
      await server.close();
    },
  };
}

function reportOf(found: DevAnswer): object {
  if (found.kind === "page") return found.report;
  return found.kind === "failed" && found.report !== undefined ? found.report : { page: null };
}

function pathOf({ segments, endsInSlash }: DecodedPath & { readonly kind: "path" }): string {
  return `/${segments.join("/")}${endsInSlash && segments.length > 0 ? "/" : ""}`;
}

function moved(location: string): ResponsePlan {
  return planText(302, "Moved.", { Location: location });
}

function planPage(status: number, content: string, revision: number): ResponsePlan {
  return planBody(status, withDevClient(content, revision), contentTypeOf("x.html"));
}

function planBody(status: number, text: string, contentType: string): ResponsePlan {
  const length = String(Buffer.byteLength(text));
  const headers = { "Cache-Control": "no-store", "Content-Length": length, "Content-Type": contentType };
  return { status, headers, body: { kind: "text", text } };
}
