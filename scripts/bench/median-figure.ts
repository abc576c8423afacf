import { figure } from "./figure.ts";
import type { Figure, Goal } from "./figure.ts";
import { median } from "./median.ts";

type MedianFigure<Run> = (name: string, unit: string, pick: (run: Run) => number, goal?: Goal) => Figure;

/** Gives a function that makes a figure of `part`: the median of what `pick` takes from each run. */
export function medianFigure<Run>(part: string, runs: readonly Run[]): MedianFigure<Run> {
  return (name, unit, pick, goal) => figure(`${part}.${name}`, median(runs.map(pick)), unit, goal);
}
