import { figure } from "./figure.ts";
import type { Figure } from "./figure.ts";

/** How busy other programs kept the machine at most while these runs were measured. */
export function othersFigure(part: string, runs: readonly { readonly othersShare: number }[]): Figure {
  return figure(`${part}.others`, Math.max(...runs.map(({ othersShare }) => othersShare)) * 100, "% of the machine");
}
