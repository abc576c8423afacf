import { EXIT } from "./exit.ts";

/** Aborted by the first Ctrl-C or SIGTERM, so that what is under way is recorded; a second one ends the process at once. */
export function interruptSignal(
  message = "Stopping; what is done is recorded. Once more to stop at once.",
): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write(`\n${message}\n`);
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}
