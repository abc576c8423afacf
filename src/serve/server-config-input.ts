import type { Site } from "../site/site.ts";

/** What a configuration is made of. */
export interface ServerConfigInput {
  readonly site: Pick<Site, "url" | "base" | "compress">;
  /** The built directory, absolute. */
  readonly root: string;
  readonly port: number;
  readonly origin: URL | undefined;
  readonly bypassCookie: string | undefined;
}
