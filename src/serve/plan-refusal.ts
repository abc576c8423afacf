import type { RefusalReason } from "./check-request.ts";
import type { ResponsePlan } from "./response-plan.ts";
import { planText } from "./response-plan.ts";

/** Decides what a refused client is told. */
export function planRefusal(reason: RefusalReason): ResponsePlan {
  switch (reason) {
    case "too-many-headers":
      return planText(431, "Too many request headers.");
    case "target-too-long":
      return planText(414, "The address is too long.");
    case "bad-request":
      return planText(400, "The request could not be understood.");
    case "host":
      return planText(
        403,
        "Only this machine's own names are answered, such as localhost. Add another to the server's allowed hosts.",
      );
    case "method":
      return planText(405, "Only GET and HEAD are answered here.", { Allow: "GET, HEAD" });
  }
}
