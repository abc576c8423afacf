/** A mistake in a site's declaration. */
export interface Problem {
  /** The key path of the value that is wrong: `routes.film.path`. */
  readonly path: string;
  /** What is wrong, without the path in front. */
  readonly message: string;
  /** What to do about it, as an order. */
  readonly hint: string;
}

/** Notes a problem; checking goes on, so that all of them are reported at once. */
export type Report = (path: string, message: string, hint: string) => void;
