/** What goes wrong with one request. Bytes are those of its body. */
export type Fault =
  /** Answered late. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Refused before anything is done, as a busy service does it. */
  | { readonly kind: "refuse"; readonly status: number; readonly code: string }
  /** The connection is reset once so many bytes have come; nothing is done. */
  | { readonly kind: "reset-request"; readonly afterBytes: number }
  /** It is done, and the connection is reset before the answer. */
  | { readonly kind: "lose-response" }
  /** It is done, and the connection is reset after so many bytes of the answer's body. */
  | { readonly kind: "cut-response"; readonly afterBytes: number }
  /** The connection is reset, and it is done so much later, if nothing else says so. */
  | { readonly kind: "land-late"; readonly ms: number };

interface FaultyRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** From 1, over all requests of the server. */
  readonly number: number;
}

/** Says what goes wrong with a request; undefined for one that goes well. */
export type Faults = (request: FaultyRequest) => Fault | undefined;
