import type { Site } from "../site/site.ts";

/** Pages that aren't where they were. Paths are decoded and within the site. */
export interface MovedPages {
  /** Where a page is now, by where it was: a path with the site's base, percent-encoded. */
  readonly moved: ReadonlyMap<string, string>;
  readonly gone: readonly string[];
}

/** What a configuration is made of. */
export interface ServerConfigInput extends MovedPages {
  readonly site: Pick<Site, "url" | "base" | "compress">;
  /** The built directory, absolute. */
  readonly root: string;
  readonly port: number;
  readonly origin: URL | undefined;
  readonly bypassCookie: string | undefined;
}
