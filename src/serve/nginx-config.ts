import { createHash } from "node:crypto";

import { RekilnError } from "../core/errors.ts";
import { targetsOf } from "./moved-targets.ts";
import { securityHeaders } from "./security-headers.ts";
import { ORIGIN_TIMEOUT_MS } from "./serve-options.ts";
import { nginxMovedMaps } from "./nginx-moved-maps.ts";
import type { ServerConfigInput } from "./server-config-input.ts";

/** A word of nginx's language, quoted. In some places `$` begins a variable and can't be escaped. */
function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\u0000-\u001f\u007f$]/.test(text)) {
    throw new RekilnError({
      code: "not-for-nginx",
      message: `${JSON.stringify(text)} can't stand in a configuration of nginx.`,
      disposition: "fatal",
      hint: "Choose names without control characters and without $.",
    });
  }
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}

/** A text as a regular expression that matches just it. */
function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, (character) => `\\${character}`);
}

function headerLines(bypassCookie: string | undefined): readonly string[] {
  const lines = [...securityHeaders()].map(([name, value]) => `add_header ${name} ${quoted(value)} always;`);
  lines.push("add_header Cache-Control $rekiln_cache_control;");
  if (bypassCookie !== undefined) lines.push('add_header Vary "Cookie";');
  return lines;
}

/** A variable of the site's own: nginx has one set of them for all its sites. */
function variableOf({ site, root }: ServerConfigInput, name: "bypass" | "moved" | "gone"): string {
  const tag = createHash("sha256").update(`${site.url}\0${root}`).digest("hex").slice(0, 8);
  return `$rekiln_${name}_${tag}`;
}

/** Files for what isn't an application's: `otherwise` is where nothing is found. */
function staticLocations(input: ServerConfigInput): readonly string[] {
  const { site, origin, bypassCookie } = input;
  const base = literal(decodeURIComponent(site.base));
  const otherwise = origin === undefined ? "@none" : "@application";
  const toApplication = origin === undefined ? [] : ["if ($request_method !~ ^(?:GET|HEAD)$) { return 418; }"];
  if (bypassCookie !== undefined) toApplication.push(`if (${variableOf(input, "bypass")}) { return 418; }`);
  const moved = variableOf(input, "moved");
  const toMoved = input.moved.size === 0 ? [] : [`if (${moved}) { return 301 ${moved}$is_args$args; }`];
  const body = [...toApplication, ...headerLines(bypassCookie)];
  const location = (pattern: string, lines: readonly string[]): readonly string[] => [
    `location ~ ${quotedPattern(pattern)} {`,
    ...lines.map((line) => `  ${line}`),
    "}",
  ];
  return [
    // Never served: dot files, but for .well-known, and paths with an empty name.
    ...location(String.raw`/\.(?!well-known(?:/|$))|//`, ["return 404;"]),
    ...location(`^${base}(?<rekiln_folder>(?:/.*)?/)index\\.html$`, [
      ...body,
      `if (-f $document_root\${rekiln_folder}index.html) { rewrite ^(.*/)index\\.html$ $1 permanent; }`,
      ...(origin === undefined ? noneLines(input) : ["return 418;"]),
    ]),
    ...location(`^${base}(?<rekiln_page>/(?:.*/)?)$`, [
      ...body,
      ...toMoved,
      `try_files \${rekiln_page}index.html ${otherwise};`,
    ]),
    ...location(`^${base}(?<rekiln_file>/.*[^/])$`, [
      ...body,
      ...toMoved,
      "if (-f $document_root$rekiln_file/index.html) { rewrite ^(.*)$ $1/ permanent; }",
      `try_files $rekiln_file ${otherwise};`,
    ]),
  ];
}

/** What is done where there is nothing. */
function noneLines(input: ServerConfigInput): readonly string[] {
  const gone = input.gone.length === 0 ? [] : [`if (${variableOf(input, "gone")}) { return 410; }`];
  return [...gone, "return 404;"];
}

/** The page of an answer that there is nothing. */
function missingLocation(status: 404 | 410): readonly string[] {
  return [
    `error_page ${status} @missing_${status};`,
    `location @missing_${status} {`,
    ...headerLines(undefined).map((line) => `  ${line}`),
    `  try_files /404.html =${status};`,
    "}",
  ];
}

const quotedPattern = (pattern: string): string => `"${pattern.replaceAll('"', '\\"')}"`;

function applicationLocations(origin: URL): readonly string[] {
  const seconds = ORIGIN_TIMEOUT_MS / 1000;
  return [
    "location @application {",
    `  proxy_pass ${origin.origin};`,
    "  proxy_http_version 1.1;",
    '  proxy_set_header Connection "";',
    "  proxy_set_header Host $http_host;",
    "  proxy_set_header X-Forwarded-For $remote_addr;",
    "  proxy_set_header X-Forwarded-Host $http_host;",
    "  proxy_set_header X-Forwarded-Proto $scheme;",
    "  proxy_request_buffering off;",
    `  proxy_read_timeout ${seconds}s;`,
    `  proxy_send_timeout ${seconds}s;`,
    "  proxy_connect_timeout 5s;",
    "}",
    "error_page 418 = @application;",
    "error_page 502 504 @down;",
    "location @down {",
    ...headerLines(undefined).map((line) => `  ${line}`),
    "  try_files /$status.html =502;",
    "}",
  ];
}

/**
 * A configuration of nginx for the `http` context: a file in `conf.d/`. The redirects of moved pages hold whatever the case of letters, as all
 * maps of nginx do.
 */
export function nginxConfig(input: ServerConfigInput): string {
  const { site, root, port, origin, bypassCookie } = input;
  const base = decodeURIComponent(site.base);
  const server = [
    `listen ${port};`,
    `server_name ${quoted(new URL(site.url).hostname)} localhost;`,
    `root ${quoted(root)};`,
    "charset utf-8;",
    "charset_types text/css text/javascript application/javascript text/plain text/xml application/xml application/json image/svg+xml application/atom+xml application/rss+xml;",
    "server_tokens off;",
    "absolute_redirect off;",
    "merge_slashes off;",
    ...(site.compress.includes("gzip") ? ["gzip_static on;", "gzip_vary on;"] : []),
    ...(site.compress.includes("br")
      ? ["# With ngx_http_brotli_static_module (Debian: libnginx-mod-http-brotli-static):", "# brotli_static on;"]
      : []),
    ...missingLocation(404),
    ...(origin === undefined && input.gone.length > 0 ? missingLocation(410) : []),
    ...(origin === undefined ? ["location @none {", ...noneLines(input).map((line) => `  ${line}`), "}"] : []),
    ...(origin === undefined ? ["if ($request_method !~ ^(?:GET|HEAD)$) { return 405; }"] : []),
    ...(base === ""
      ? []
      : [
          "location = / {",
          `  return 302 ${quoted(`${site.base}/`)};`,
          "}",
          `location = ${quoted(base)} {`,
          `  return 301 ${quoted(`${site.base}/`)};`,
          "}",
        ]),
    ...staticLocations(input),
    ...(origin === undefined
      ? ["location / { return 404; }"]
      : [...applicationLocations(origin), "location / { return 418; }"]),
  ];
  return [
    ...nginxMovedMaps(
      {
        moved: new Map([...input.moved].map(([from, to]) => [base + from, to])),
        gone: origin === undefined ? input.gone.flatMap(targetsOf).map((target) => base + target) : [],
      },
      { moved: variableOf(input, "moved"), gone: variableOf(input, "gone") },
    ),
    "map $uri $rekiln_cache_control {",
    '  default "no-cache";',
    String.raw`  "~[^/]\.[0-9a-f]{16}\.[^./]+$" "public, max-age=31536000, immutable";`,
    "}",
    ...(bypassCookie === undefined
      ? []
      : [
          `map $http_cookie ${variableOf(input, "bypass")} {`,
          "  default 0;",
          `  ${quotedPattern(`~(?:^|;)\\s*${literal(bypassCookie)}\\s*=\\s*[^;\\s]`)} 1;`,
          "}",
        ]),
    "server {",
    ...server.map((line) => `  ${line}`),
    "}",
    "",
  ].join("\n");
}
