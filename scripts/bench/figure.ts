/** One measured number, as `--json` prints it. */
export interface Figure {
  /** Part and what was measured: `catalogue.wall`. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the number should be, in words; null where nothing is promised. */
  readonly goal: string | null;
  readonly met: boolean | null;
}

export type Goal = { readonly atMost: number } | { readonly atLeast: number } | { readonly below: number };

/** A figure with four significant digits, or whole from 1,000 on; the goal is judged before rounding. */
export function figure(name: string, value: number, unit: string, goal?: Goal): Figure {
  const rounded = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
  return { name, value: rounded, unit, ...judged(value, goal) };
}

function judged(value: number, goal: Goal | undefined): Pick<Figure, "goal" | "met"> {
  if (goal === undefined) return { goal: null, met: null };
  if ("atMost" in goal) return { goal: `≤ ${shown(goal.atMost)}`, met: value <= goal.atMost };
  if ("atLeast" in goal) return { goal: `≥ ${shown(goal.atLeast)}`, met: value >= goal.atLeast };
  return { goal: `< ${shown(goal.below)}`, met: value < goal.below };
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
