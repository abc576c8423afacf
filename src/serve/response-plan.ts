/** An answer that is decided but not yet written. Content-Length is among the headers wherever it has to be. */
export interface ResponsePlan {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body:
    | { readonly kind: "none" }
    | { readonly kind: "text"; readonly text: string }
    /** Bytes of the open file; `length` may be 0. */
    | { readonly kind: "bytes"; readonly start: number; readonly length: number };
}

/** Decides a short plain answer of the server's own. `text` never holds a path, a stack or anything the client sent. */
export function planText(status: number, text: string, headers: Readonly<Record<string, string>> = {}): ResponsePlan {
  const line = `${text}\n`;
  return {
    status,
    headers: {
      "Cache-Control": "no-cache",
      "Content-Length": String(Buffer.byteLength(line)),
      "Content-Type": "text/plain; charset=utf-8",
      ...headers,
    },
    body: { kind: "text", text: line },
  };
}
