import { RekilnError } from "../core/errors.ts";
import type { Site } from "../site/site.ts";

/** @throws RekilnError `route-unknown`, naming the routes that there are */
export function checkRoutes(wanted: readonly string[], { routes }: Site): void {
  for (const route of wanted) {
    if (routes.has(route)) continue;
    throw new RekilnError({
      code: "route-unknown",
      message: `There is no route ${JSON.stringify(route)}.`,
      disposition: "fatal",
      hint: `Use one of: ${[...routes.keys()].join(", ")}.`,
    });
  }
}
