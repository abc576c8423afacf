/** A line of source around the place of a failure. */
export interface SourceLine {
  readonly number: number;
  readonly text: string;
  readonly isHere: boolean;
}

/** Why something of a site can't be shown, for whoever writes the site. */
export interface DevFailure {
  /** What failed, as a sentence: `The page film/42 can't be rendered.` */
  readonly title: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** As people write it: `templates/film.eta`. */
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly excerpt: readonly SourceLine[];
  /** The page, and the entity or value that it is about, as `film:42` or `film[genre=drama]`. */
  readonly page: string | undefined;
  readonly subject: string | undefined;
}

/** A thing that a page read: `entity`, `film:42{title}`. */
interface DevRead {
  readonly use: string;
  readonly ref: string;
}

/** What a page was made of. */
export interface DevReport {
  readonly page: string;
  readonly route: string;
  /** `templates/film.eta`, or how else it is made. */
  readonly template: string;
  readonly ms: number;
  readonly version: number;
  readonly reads: readonly DevRead[];
}

/** What a development server answers a path with. */
export type DevAnswer =
  | { readonly kind: "page"; readonly content: string; readonly contentType: string; readonly report: DevReport }
  | { readonly kind: "failed"; readonly failure: DevFailure; readonly report: DevReport | undefined }
  /** `location` is a path of this site. */
  | { readonly kind: "moved"; readonly location: string }
  /** No page has the path; `page` is the site's own page for that, if it has one. */
  | { readonly kind: "missing"; readonly page: string | undefined }
  /** The data is still being taken in, or pages are gone over to find the one of this path; `count` so far. */
  | { readonly kind: "waiting"; readonly forWhat: "data" | "path"; readonly count: number };

/** What a development server serves: a site as its files are at the moment. */
export interface DevSite {
  /** Decoded, with the base taken off: `/films/alien/`. */
  answer(path: string): Promise<DevAnswer>;
  /** The file below `static/` that answers at an object key, be it with a hash in its name. */
  staticFile(key: string): string | undefined;
  readonly staticFolder: string;
  /** The path of the site's `url`: `""` or `"/films"`. */
  readonly base: string;
  /** Goes up with each change that pages may show. */
  readonly revision: number;
  /** Calls back at each change, until the returned function is called. */
  onRevision(listener: (revision: number) => void): () => void;
}
