import { messageOf, RekilnError } from "../core/errors.ts";

const lastPort = 65_535;

/** What to tell the user when the server can't bind `host` and `port`. */
export function listenError(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): RekilnError {
  if (cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE") {
    const otherPort = port < lastPort ? port + 1 : port - 1;
    return new RekilnError({
      code: "port-taken",
      message: `Port ${port} of ${host} is already in use.`,
      disposition: "fatal",
      hint: `Choose another port, such as ${otherPort}, or 0 for any free one.`,
      cause,
    });
  }
  return new RekilnError({
    code: "listen-failed",
    message: `The server can't listen on ${host}, port ${port}: ${messageOf(cause)}`,
    disposition: "fatal",
    hint: "Check the host name and the port.",
    cause,
  });
}
