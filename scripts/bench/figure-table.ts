import type { Figure } from "./figure.ts";

/** The figures of a part as lines of aligned columns. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, goal, met }) => [
    name,
    value.toLocaleString("en-US", { maximumFractionDigits: 3 }),
    unit,
    goal === null ? "" : `goal ${goal}`,
    met === null ? "" : met ? "met" : "NOT MET",
  ]);
  const widthOf = (column: number): number => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2, 3, 4].map(widthOf);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}
