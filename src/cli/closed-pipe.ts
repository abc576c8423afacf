/**
 * Whoever reads the output may stop reading: `rekiln status --watch | head`. A command ends then, with the exit code that it has come to.
 * Progress that nobody reads any more is no reason to end.
 */
export function endWithClosedPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
