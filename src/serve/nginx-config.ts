import { RekilnError } from "../core/errors.ts";
import { securityHeaders } from "./security-headers.ts";
import { ORIGIN_TIMEOUT_MS } from "./serve-options.ts";
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

/** Files for what isn't an application's: `else` is where nothing is found. */
function staticLocations({ site, origin, bypassCookie }: ServerConfigInput): readonly string[] {
  const base = literal(decodeURIComponent(site.base));
  const otherwise = origin === undefined ? "=404" : "@application";
  const toApplication = origin === undefined ? [] : ["if ($request_method !~ ^(?:GET|HEAD)$) { return 418; }"];
  if (bypassCookie !== undefined) toApplication.push(`if ($rekiln_bypass) { return 418; }`);
  const body = [...toApplication, ...headerLines(bypassCookie)];
  const location = (pattern: string, lines: readonly string[]): readonly string[] => [
    `location ~ ${quotedPattern(pattern)} {`,
    ...lines.map((line) => `  ${line}`),
    "}",
  ];
  return [
    // Never served: dot files, but for .well-known.
    ...location(String.raw`/\.(?!well-known(?:/|$))`, ["return 404;"]),
    ...location(`^${base}(?<rekiln_folder>(?:/.*)?/)index\\.html$`, [
      ...body,
      `if (-f $document_root\${rekiln_folder}index.html) { rewrite ^(.*/)index\\.html$ $1 permanent; }`,
      origin === undefined ? "return 404;" : "return 418;",
    ]),
    ...location(`^${base}(?<rekiln_page>/(?:.*/)?)$`, [...body, `try_files \${rekiln_page}index.html ${otherwise};`]),
    ...location(`^${base}(?<rekiln_file>/.*[^/])$`, [
      ...body,
      "if (-f $document_root$rekiln_file/index.html) { rewrite ^(.*)$ $1/ permanent; }",
      `try_files $rekiln_file ${otherwise};`,
    ]),
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
 * A configuration of nginx for the `http` context: a file in `conf.d/`. What it can't say: 410 for removed pages, and redirects of moved ones as
 * 301; browsers follow the files that lie there.
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
    ...(site.compress.includes("gzip") ? ["gzip_static on;", "gzip_vary on;"] : []),
    ...(site.compress.includes("br")
      ? ["# With ngx_http_brotli_static_module (Debian: libnginx-mod-http-brotli-static):", "# brotli_static on;"]
      : []),
    "error_page 404 @missing;",
    "location @missing {",
    ...headerLines(undefined).map((line) => `  ${line}`),
    "  try_files /404.html =404;",
    "}",
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
    "# Printed by rekiln serve --print nginx.",
    "map $uri $rekiln_cache_control {",
    '  default "no-cache";',
    String.raw`  "~[^/]\.[0-9a-f]{16}\.[^./]+$" "public, max-age=31536000, immutable";`,
    "}",
    ...(bypassCookie === undefined
      ? []
      : [
          "map $http_cookie $rekiln_bypass {",
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
