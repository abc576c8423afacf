import type { CodeInputs } from "../../../src/site/fingerprint.ts";

export interface ReportRequest {
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What `report-config.ts` says of a config. */
export type ConfigReport =
  | {
      readonly ok: true;
      readonly url: string;
      readonly root: string;
      readonly code: CodeInputs;
      readonly fingerprint: string;
      /** The kind of each route's template. */
      readonly templates: Readonly<Record<string, string>>;
    }
  | {
      readonly ok: false;
      readonly code: string;
      readonly disposition: string;
      readonly message: string;
      readonly hint: string | undefined;
      readonly causedBy: string | undefined;
      readonly problemPaths: readonly string[];
    };
