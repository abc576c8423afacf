/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  /** Some pages or records failed. */
  failed: 1,
  /** The config, or how the command was called, is wrong. */
  usage: 2,
  /** A cap, a source that can't be reached, no right or no space to write. */
  refused: 3,
  interrupted: 130,
} as const;
