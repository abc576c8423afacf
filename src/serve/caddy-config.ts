import { RekilnError } from "../core/errors.ts";
import { targetsOf } from "./moved-targets.ts";
import { securityHeaders } from "./security-headers.ts";
import { ORIGIN_TIMEOUT_MS } from "./serve-options.ts";
import type { ServerConfigInput } from "./server-config-input.ts";

function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\u0000-\u001f\u007f`]/.test(text)) {
    throw new RekilnError({
      code: "not-for-caddy",
      message: `${JSON.stringify(text)} can't stand in a Caddyfile.`,
      disposition: "fatal",
      hint: "Choose names without control characters and backticks.",
    });
  }
  return `\`${text}\``;
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, (character) => `\\${character}`);

/** Matches a segment that begins with a dot, but `.well-known`: Caddy's expressions can't look ahead. */
function hiddenPattern(): string {
  const known = "well-known";
  const ends = Array.from(known, (letter, index) => `${known.slice(0, index)}(?:$|[^${letter}])`);
  return String.raw`/\.(?:${[...ends, `${known}[^/]`].join("|")})`;
}

/** A path as what a map of Caddy looks for: as an expression when it holds what a Caddyfile would read as its own. */
function mapKey(path: string): string {
  if (!/[`{}]/.test(path)) return quoted(path);
  return quoted(
    `~^${literal(path).replaceAll(/\\?([`{}])/g, (_, sign: string) => `\\x${sign.charCodeAt(0).toString(16)}`)}$`,
  );
}

const nested = (opening: string, lines: readonly string[]): readonly string[] => [
  opening,
  ...lines.map((line) => `  ${line}`),
  "}",
];

/** Redirects of pages that have moved, and of `index.html` spelled out, with what was asked for behind the question mark. */
function redirectLines(moved: ReadonlyMap<string, string>): readonly string[] {
  const entries = [...moved].map(([from, to]) => `${mapKey(from)} ${quoted(to)}`);
  const toMoved = [
    ...nested("map {path} {rekiln_moved} {", [...entries, 'default ""']),
    '@moved expression `{rekiln_moved} != ""`',
    "redir @moved {rekiln_moved}{rekiln_query} 301",
  ];
  return [
    ...nested("map {query} {rekiln_query} {", ["~^(.+)$ ?$1", 'default ""']),
    ...(entries.length === 0 ? [] : toMoved),
    ...nested("@index {", ["path */index.html", "file"]),
    "redir @index ./{rekiln_query} 301",
  ];
}

/** Pages that are gone, where nothing else stands by now. */
function goneLines(gone: readonly string[]): readonly string[] {
  if (gone.length === 0) return [];
  return [
    ...nested("map {path} {rekiln_gone} {", [
      ...gone.flatMap(targetsOf).map((target) => `${mapKey(target)} 1`),
      'default ""',
    ]),
    ...nested("@gone {", ['expression `{rekiln_gone} != ""`', "not file {path} {path}/index.html"]),
    "error @gone 410",
  ];
}

/** A Caddyfile. What it can't say: a page without the slash at its end is redirected with 308, as Caddy does. */
export function caddyConfig({ site, root, port, origin, bypassCookie, moved, gone }: ServerConfigInput): string {
  const precompressed = site.compress.length === 0 ? [] : [`precompressed ${site.compress.join(" ")}`];
  const files = [
    "header {",
    ...[...securityHeaders()].map(([name, value]) => `  ${name} ${quoted(value)}`),
    '  Cache-Control "no-cache"',
    ...(bypassCookie === undefined ? [] : ["  +Vary Cookie"]),
    "}",
    ...redirectLines(moved),
    ...(origin === undefined ? goneLines(gone) : []),
    String.raw`@hashed path_regexp [^/]\.[0-9a-f]{16}\.[^./]+$`,
    'header @hashed Cache-Control "public, max-age=31536000, immutable"',
    ...(precompressed.length === 0
      ? ["file_server"]
      : ["file_server {", ...precompressed.map((line) => `  ${line}`), "}"]),
  ];
  const proxy =
    origin === undefined
      ? []
      : nested(`reverse_proxy ${origin.origin} {`, [
          "flush_interval -1",
          ...nested("transport http {", ["dial_timeout 5s", `response_header_timeout ${ORIGIN_TIMEOUT_MS / 1000}s`]),
        ]);
  const lookUp = ["@file file {path} {path}/index.html"];
  const inside =
    origin === undefined
      ? ["@other not method GET HEAD", "respond @other 405", ...files]
      : [
          "@write not method GET HEAD",
          ...nested("handle @write {", proxy),
          ...(bypassCookie === undefined
            ? []
            : [
                `@bypass header_regexp Cookie ${quoted(`(?:^|;)\\s*${literal(bypassCookie)}\\s*=\\s*[^;\\s]`)}`,
                ...nested("handle @bypass {", proxy),
              ]),
          ...lookUp,
          ...nested("handle @file {", files),
          ...nested("handle {", proxy),
        ];
  const base = decodeURIComponent(site.base);
  const body =
    base === ""
      ? nested("handle {", inside)
      : [
          `redir / ${quoted(`${site.base}/`)} 302`,
          `redir ${quoted(base)} ${quoted(`${site.base}/`)} 301`,
          ...nested(`handle_path ${quoted(`${base}/*`)} {`, inside),
        ];
  return [
    ...nested(
      `${[...new Set([new URL(site.url).hostname, "localhost"])].map((name) => `http://${name}:${port}`).join(", ")} {`,
      [
        `root * ${quoted(root)}`,
        // In a route things happen in the order in which they stand.
        ...nested("route {", [
          `@hidden path_regexp ${quoted(hiddenPattern())}`,
          "error @hidden 404",
          '@empty expression `{path}.contains("//")`',
          "error @empty 404",
          ...body,
        ]),
        ...nested("handle_errors {", [
          ...(gone.length === 0
            ? []
            : [
                ...nested("@gone {", ["expression `{http.error.status_code} == 410`", "file /404.html"]),
                "rewrite @gone /404.html",
                "file_server @gone",
              ]),
          "@page file /{http.error.status_code}.html",
          "rewrite @page /{http.error.status_code}.html",
          "file_server @page",
        ]),
      ],
    ),
    "",
  ].join("\n");
}
