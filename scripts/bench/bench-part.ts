import type { CatalogueSite } from "./catalogue-site.ts";
import type { Figure } from "./figure.ts";

/** What every part is given. */
interface BenchSetup {
  /** An empty folder, removed at the end. */
  readonly folder: string;
  /** How often what is compared is measured; the median counts. */
  readonly rounds: number;
  /** Cuts every input to about this many pages; undefined is the full size. */
  readonly pages: number | undefined;
  /** Adds the sizes that take an hour. */
  readonly isLarge: boolean;
  /** The package catalogue, which several parts build: made by the first that asks. Throws `CannotRun`. */
  readonly catalogue: () => Promise<CatalogueSite>;
  /** Tells people what is being done. */
  readonly say: (line: string) => void;
}

/** Measures, and resolves to its figures. Throws `CannotRun` when something is missing on this machine. */
export type BenchPart = (setup: BenchSetup) => Promise<readonly Figure[]>;
