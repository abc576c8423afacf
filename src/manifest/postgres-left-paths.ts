import type { PageKey } from "../core/page.ts";
import type { LeftPath, LeftPathReads, LeftPaths } from "./left-paths.ts";
import type { PostgresLink } from "./postgres-reads.ts";
import { toLeftPath } from "./postgres-rows.ts";
import { sqlText } from "./postgres-sql.ts";

const PIECE_ROWS = 500;

/** The paths that pages have left, by a manifest in Postgres. */
export class PostgresLeftPaths implements LeftPaths {
  readonly #link: () => PostgresLink;
  readonly #reads: () => { readonly left: LeftPathReads };

  constructor(link: () => PostgresLink, reads: () => { readonly left: LeftPathReads }) {
    this.#link = link;
    this.#reads = reads;
  }

  at(collisionKey: string): LeftPath | undefined {
    return this.#reads().left.at(collisionKey);
  }

  below(collisionKey: string): readonly LeftPath[] {
    return this.#reads().left.below(collisionKey);
  }

  of(key: PageKey): readonly LeftPath[] {
    return this.#reads().left.of(key);
  }

  all(): Iterable<readonly LeftPath[]> {
    return this.#pieces("");
  }

  *unsettled(since: number, now: number): Iterable<readonly LeftPath[]> {
    yield* this.#pieces(`AND kind = 'handover' AND since <= ${since}`);
    yield* this.#pieces(`AND expires <= ${now}`);
  }

  *#pieces(condition: string): Iterable<readonly LeftPath[]> {
    let after = "";
    for (;;) {
      const { table, site, rows } = this.#link();
      const behind = sqlText(after);
      const [found] = rows(
        `SELECT * FROM ${table("left_path")} WHERE site = ${site} ${condition}
           AND left(collision_key, 256) >= left(${behind}, 256) COLLATE "C" AND collision_key > ${behind}
           ORDER BY left(collision_key, 256), collision_key LIMIT ${PIECE_ROWS}`,
      );
      const piece = (found ?? []).map(toLeftPath);
      const last = piece.at(-1);
      if (last === undefined) return;
      yield piece;
      after = last.collisionKey;
    }
  }
}
