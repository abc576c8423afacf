/** How often a property about hostile input is tried: `npm run test:hostile` says more than CI. */
export function runsOf(inCi: number, name: "REKILN_HOSTILE_RUNS" | "REKILN_PATH_RUNS" = "REKILN_HOSTILE_RUNS"): number {
  return Number(process.env[name] ?? inCi);
}
