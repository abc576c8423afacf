export { RekilnError } from "./core/errors.ts";
export { raw } from "./core/html.ts";
export type { Html } from "./core/html.ts";
export { json } from "./core/json-template.ts";
export type { AnyTypes, Entity, EntityType, JsonRecord, OrderBy, Query, Read, Scalar, Where } from "./core/read.ts";
export { html } from "./render/html-tag.ts";
export { s3, sqs } from "./site/declare-fleet.ts";
export type { S3Options, S3Store, SqsOptions, SqsQueues } from "./site/declare-fleet.ts";
export { postgres, postgresManifest } from "./site/declare-postgres.ts";
export type {
  CapturedTable,
  PostgresManifest,
  PostgresManifestOptions,
  PostgresOptions,
  PostgresQueries,
  PostgresSelect,
  PostgresSource,
} from "./site/declare-postgres.ts";
export { snapshot } from "./site/declare-snapshot.ts";
export type { SnapshotOptions, SnapshotSource } from "./site/declare-snapshot.ts";
export { defineSite, directory, embedded, files, sqlite } from "./site/define-site.ts";
export type {
  DirectoryStore,
  EmbeddedSource,
  FilesSource,
  SiteOptions,
  SiteSource,
  SqliteQueries,
  SqliteSelect,
  SqliteSource,
} from "./site/define-site.ts";
export { defineEntities, entity, unchecked } from "./site/entities.ts";
export type { Entities } from "./site/entities.ts";
export type { Distinct, ListOf, PageProps, Pager, Route, RouteOptions, Subject, Template } from "./site/route.ts";
export type { ScheduledRun, ScheduleOptions } from "./site/schedule.ts";
export type { Prices } from "./core/prices.ts";
export { slug } from "./site/slug.ts";
export { publish } from "./system/publish.ts";
export type { Change, Published, PublishOptions } from "./system/publish.ts";
