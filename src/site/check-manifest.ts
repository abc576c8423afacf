import { checkKeys, isObject } from "./check-object.ts";
import type { Report } from "./problem.ts";

/** A manifest in the state folder, for one machine. */
interface LocalManifest {
  readonly kind: "local";
}

/** A manifest in a Postgres database, for any number of machines. */
export interface ManifestDatabase {
  readonly kind: "postgres";
  /** Undefined leaves it to the environment. It may hold a password: it is shown to nobody. */
  readonly url: string | undefined;
  readonly schema: string;
}

export type ManifestModel = LocalManifest | ManifestDatabase;

export const LOCAL_MANIFEST: LocalManifest = { kind: "local" };
const SCHEMA = "rekiln";
/** What needs no quotes, so that people find it by the name that they gave it. */
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** Checks `manifest`; left out, it is the one on this machine. `store` is the kind of the store, undefined when it couldn't be read. */
export function checkManifest(value: unknown, store: "directory" | "s3" | undefined, report: Report): ManifestModel {
  if (value === undefined) return LOCAL_MANIFEST;
  if (!isObject(value) || value["kind"] !== "postgres") {
    report("manifest", "doesn't come from postgresManifest", "write manifest: postgresManifest(), or leave it out");
    return LOCAL_MANIFEST;
  }
  checkKeys("manifest", value, ["kind", "url", "schema"], report);
  const { url, schema = SCHEMA } = value;
  const isAddress = typeof url === "string" && /^postgres(?:ql)?:\/\//.test(url);
  if (url !== undefined && !isAddress) {
    report(
      "manifest.url",
      "is no address of a Postgres database",
      'write url: "postgres://host/database", or leave it out',
    );
  }
  const isName = typeof schema === "string" && NAME.test(schema);
  if (!isName) {
    report(
      "manifest.schema",
      "is no name of a schema",
      'write schema: "rekiln": small letters, digits and _, at most 63',
    );
  }
  if (store === "directory") {
    report(
      "manifest",
      "is for machines that share a store, and the store is a directory",
      'write store: s3("s3://bucket") beside it, or leave manifest out: it is then in .rekiln/',
    );
  }
  return { kind: "postgres", url: isAddress ? url : undefined, schema: isName ? schema : SCHEMA };
}
