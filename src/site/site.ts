import type { Encoding } from "../core/encoding.ts";
import type { EntityData, EntityModel, OrderField, WhereValues } from "../core/entity.ts";
import type { Html } from "../core/html.ts";
import type { Read, Scalar } from "../core/read.ts";
import type { ManifestModel } from "./check-manifest.ts";
import type { SourceModel } from "./check-source.ts";
import type { LocalQueue, S3Store, SqsQueues } from "./declare-fleet.ts";
import type { DirectoryStore } from "./define-site.ts";
import type { Prices } from "../core/prices.ts";
import type { PageProps, Pager } from "./route.ts";
import type { ScheduleEntry } from "./schedule.ts";

/** What a page is about; undefined for the one page of a route without `each`. */
export type AnySubject = EntityData | Scalar | undefined;

export interface ListModel {
  readonly of: string;
  where(subject: AnySubject): WhereValues;
  readonly orderBy: readonly OrderField[];
  readonly perPage: number;
}

export type EachModel =
  | { readonly kind: "one" }
  | { readonly kind: "entity"; readonly type: string }
  | { readonly kind: "distinct"; readonly type: string; readonly field: string };

export type TemplateModel =
  | { readonly kind: "eta"; readonly name: string }
  | { readonly kind: "json" }
  | { readonly kind: "function"; readonly render: (props: object & PageProps) => Html | Promise<Html> };

/** A route after its options were checked. */
export interface RouteModel {
  readonly name: string;
  /** Place among the site's routes, from 0: the earlier route owns a path that two pages want. */
  readonly order: number;
  readonly each: EachModel;
  /** The path as the config gives it, not yet checked by the path grammar. */
  path(subject: AnySubject): string | null;
  readonly list: ListModel | undefined;
  readonly load:
    | ((read: Read<never>, subject: AnySubject, pager: Pager<EntityData> | undefined) => unknown)
    | undefined;
  readonly template: TemplateModel;
  /**
   * When a page last changed in a way that matters, as a sitemap has it; undefined when it isn't said.
   * @throws RekilnError when the config gives anything but a date
   */
  updated(subject: AnySubject): string | undefined;
  /** How often each of its pages is verified by a sweep, in seconds; undefined is as often as the sweep's others. */
  readonly sweepSeconds: number | undefined;
  /** Whether its pages may stand in a sitemap. */
  readonly isListed: boolean;
  /** `Cache-Control` of its pages, where the store keeps headers. */
  readonly cacheControl: string | undefined;
  /** `Cache-Tag` of its pages, where the store keeps headers. */
  readonly cacheTags: readonly string[];
}

/** A checked site: what the machine runs on. */
export interface Site {
  /** Without a trailing slash. */
  readonly url: string;
  /** The path of `url`, without a trailing slash: `""` or `"/films"`. */
  readonly base: string;
  readonly env: readonly string[];
  readonly source: SourceModel;
  readonly store: DirectoryStore | S3Store;
  readonly manifest: ManifestModel;
  readonly queue: LocalQueue | SqsQueues;
  /** Where snapshots of the source are written to, unless a command says something else. */
  readonly snapshots: S3Store | undefined;
  /** In the order in which they are preferred. */
  readonly compress: readonly Encoding[];
  /** What is started when. */
  readonly schedule: readonly ScheduleEntry[];
  /** What requests cost. */
  readonly prices: Prices;
  readonly entities: ReadonlyMap<string, EntityModel>;
  /** In the order of their declaration. */
  readonly routes: ReadonlyMap<string, RouteModel>;
}
