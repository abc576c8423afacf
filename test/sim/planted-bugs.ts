import type { SourceBug } from "./planted-source.ts";

const REPLACED_GO_ON: SourceBug = {
  file: "press/work.ts",
  code: `if (standing.kind === "replaced") {`,
  instead: `if (standing.kind === "replaced" && standing.message === "") {`,
};

/** Whatever one of them lets through, the others keep from the pages: in the loop, in the press, before a put. */
const OLD_WORKERS_GO_ON: SourceBug = {
  ...REPLACED_GO_ON,
  also: {
    file: "press/press-pages.ts",
    code: "checkEpoch(manifest, this.#context.epoch);",
    instead: "void checkEpoch;",
    also: { file: "press/put-ahead.ts", code: "checkEpoch(manifest, epoch);", instead: "void checkEpoch;" },
  },
};

/** Bugs by what they do: each is a mistake that was made, or nearly made, in a system like this one. */
export const PLANTED_BUGS: Readonly<Record<string, SourceBug>> = {
  "messages are acked before their pages are pressed": {
    file: "press/work-answers.ts",
    code: "await this.#regenerate([expanded.own, expanded.others], { ...request, findsFurther: false });",
    instead:
      "await this.#messages.held.ack(done); await this.#regenerate([expanded.own, expanded.others], { ...request, findsFurther: false });",
  },
  "a batch of pages is acked before it is pressed": {
    file: "press/work-answers.ts",
    code: "const { failed } = await this.#regenerate([keys], { ...message, findsFurther: false }, source);",
    instead:
      "await this.#messages.held.ack(source); const { failed } = await this.#regenerate([keys], { ...message, findsFurther: false }, source);",
  },
  "what was touched isn't noted": {
    file: "press/expand.ts",
    code: "transaction.touch(refs.keys(), one.change.version);",
    instead: "void [refs, one, transaction];",
  },
  "what was touched isn't asked": {
    file: "press/settle-pages.ts",
    code: "if (transaction !== undefined && isOutdated(page, transaction)) {",
    instead: "if (transaction !== undefined && page.stamp.version < 0) {",
  },
  "stamps aren't compared": {
    file: "press/plan-page.ts",
    code: "return mine.epoch < stored.epoch || mine.version < stored.version || isTimeAhead;",
    instead: "return false;",
    also: {
      file: "press/plan-page.ts",
      code: "if (verified !== undefined && (verified.epoch > stamp.epoch || verified.version > stamp.version)) {",
      instead: "if (verified !== undefined && verified.epoch > 1e9) {",
    },
  },
  "what is verified isn't compared": {
    file: "press/plan-page.ts",
    code: "if (verified !== undefined && (verified.epoch > stamp.epoch || verified.version > stamp.version)) {",
    instead: "if (verified !== undefined && verified.epoch > 1e9) {",
  },
  "an old worker takes messages of a newer epoch": {
    file: "press/work-messages.ts",
    code: "if (message.epoch <= epoch && message.version <= reader.snapshot().version) return false;",
    instead: "if (message.version <= reader.snapshot().version) return false;",
    also: OLD_WORKERS_GO_ON,
  },

  "an old worker expands after a release": {
    file: "press/expand.ts",
    code: "if (options.epoch !== undefined) checkEpoch(manifest, options.epoch);",
    instead: "void checkEpoch;",
    also: {
      file: "press/work-messages.ts",
      code: "if (message.epoch <= epoch && message.version <= reader.snapshot().version) return false;",
      instead: "if (message.version <= reader.snapshot().version) return false;",
      also: OLD_WORKERS_GO_ON,
    },
  },

  "a worker goes on with templates that were replaced": REPLACED_GO_ON,

  "events that are ahead of the snapshot are taken": {
    file: "press/work-answers.ts",
    code: "const ahead = changes.filter(({ change }) => change.version > snapshot.version);",
    instead: "const ahead = changes.filter(() => false);",
    also: {
      file: "press/work-answers.ts",
      code: ".filter(({ change }) => change.version <= snapshot.version)\n      .map(",
      instead: ".map(",
    },
  },
  "of several events of one entity only the newest tuple before is kept": {
    file: "press/work-events.ts",
    code: "else for (const tuple of event.before) merging.before?.set(JSON.stringify(tuple), tuple);",
    instead: "else merging.before = new Map(event.before.map((tuple) => [JSON.stringify(tuple), tuple]));",
  },
  "of several events of one entity only the newest fields are kept": {
    file: "press/work-events.ts",
    code: "else for (const field of event.fields) merging.fields?.add(field);",
    instead: "else merging.fields = new Set(event.fields);",
  },
  "of several changes in the outbox only the oldest tuple before is kept": {
    file: "source/entity-changes.ts",
    code: "if (!one.before.has(before)) one.before.set(before, row.before);",
    instead: "if (one.before.size === 0) one.before.set(before, row.before);",
  },
  "lists that an entity enters are overlooked": {
    file: "press/touched-refs.ts",
    code: "const tuples = new Set([...change.before, after]);",
    instead: "const tuples = new Set(change.before);",
  },
  "lists that an entity leaves are overlooked": {
    file: "press/touched-refs.ts",
    code: "const tuples = new Set([...change.before, after]);",
    instead: "const tuples = new Set([after]);",
  },
  "a failed page records nothing that it read": {
    file: "press/render-page.ts",
    code: `located: located?.kind === "page" ? located : undefined,
    edges: recorder.edges(),`,
    instead: `located: located?.kind === "page" ? located : undefined,
    edges: [],`,
  },
  "a failed page loses the refs of its last good bytes": {
    file: "press/settle-pages.ts",
    code: "transaction.recordFailure({ key, published, verified, due, error, stale }, edges);",
    instead: "transaction.record({ key, published, verified, due, error, stale }, []);",
  },
  "pages that failed leave their batch for good": {
    file: "press/work-answers.ts",
    code: "if (tries < TRIES_MAX) await this.#messages.retry(key, request, tries, lane);",
    instead: "void tries; void lane;",
  },
  "pages whose path was taken or left aren't pressed": {
    file: "press/regenerate.ts",
    code: "for (const key of pressed.again) again.add(key);",
    instead: "void again;",
  },
  "who stands in another's path doesn't learn of it": {
    file: "press/plan-page.ts",
    code: "const again = [...leaving.again, ...keysOf(claimants)];",
    instead: "const again = [...leaving.again];",
    // Whoever left it would lead there.
    also: {
      file: "press/plan-left.ts",
      code: 'else if (awaitedAt(context, manifest, was, claimants) !== undefined) acts.push({ do: "keep-open", at: was });',
      instead: "",
    },
  },
  "whoever comes last owns a path": {
    file: "press/plan-page.ts",
    code: "if (owner !== undefined) return planCollision(context, manifest, snapshot, wanting, stamp.version, owner);",
    instead: "",
  },
  "the path is judged, not the page": {
    file: "press/plan-page.ts",
    code: "const isOwn = stored.carried.key === carriedKey;",
    instead: "const isOwn = true;",
  },
  "pages that are gone stay": {
    file: "press/regenerate.ts",
    code: "for (const piece of batches(keysGone, most)) await press(piece, { trustsVerified: false, removes: true });",
    instead: "",
  },
  "the stored stamp isn't compared": {
    file: "press/plan-page.ts",
    code: "return mine.epoch < stored.epoch || mine.version < stored.version || isTimeAhead;",
    instead: "return false;",
  },
  "nothing says that a page was removed, nor what was touched": {
    file: "press/settle-pages.ts",
    code: "noteRemoval(this.#settings, page.stamp.version);",
    instead: "",
    also: {
      file: "press/settle-pages.ts",
      code: "if (transaction !== undefined && isOutdated(page, transaction)) {",
      instead: "if (transaction !== undefined && page.stamp.version < 0) {",
    },
  },
  "a relay marks changes before they are sent": {
    file: "press/publish.ts",
    code: "const sending = await sendChanges(queue, batch.changes);",
    instead:
      "outbox.markQueued(batch.changes.flatMap(({ rows }) => [...rows])); const sending = await sendChanges(queue, batch.changes);",
  },
  "a relay marks what the queue didn't take": {
    file: "press/publish.ts",
    code: `if (results.slice(start, event.end).every(({ kind }) => kind === "sent")) rows.push(...event.rows);`,
    instead: "rows.push(...event.rows);",
  },
  "what the queue didn't take is acked all the same": {
    file: "queue/send-all.ts",
    code: `for (const result of results) if (result.kind === "failed") throw result.error;`,
    instead: "void results;",
  },
  "a message is acked before its copy is set aside": {
    file: "press/work-messages.ts",
    code: `await this.send(source[0]?.lane ?? "live", bodies, delaySeconds);
    await this.held.ack(source);`,
    instead: `await this.held.ack(source);
    await this.send(source[0]?.lane ?? "live", bodies, delaySeconds);`,
  },
  "an ack takes with it all that is held": {
    file: "press/held-messages.ts",
    code: "if (messages.length > 0) await this.#queue.ack(messages);",
    instead: "if (messages.length > 0) await this.#queue.ack([...this.#held.values()]);",
  },
  "creation counts as a change of fields": {
    file: "press/touched-refs.ts",
    code: "const existenceChanged = after === null || change.before.includes(null);",
    instead: "const existenceChanged = after === null;",
  },
  "pages of the changed entity itself are forgotten": {
    file: "press/expand.ts",
    code: "yield* ownPages(expansion, one);",
    instead: "",
  },
  "pages that only know whether an entity exists are forgotten": {
    file: "press/touched-refs.ts",
    code: `if (existenceChanged) refs.set(existenceRef(type, id), { kind: "existence" });`,
    instead: "void existenceRef;",
  },
  "a page that is known to be as new is trusted though its file is another": {
    file: "press/press-pages.ts",
    code: "return parsed.ok && this.#context.store.etag(parsed.key) === row.published.etag;",
    instead: "return parsed.ok;",
  },
  "a build skips pages that changed since": {
    file: "press/press-pages.ts",
    code: "if (row.verified.version < (this.#options.neededVersion ?? snapshot.version)) return false;",
    instead: "",
  },
  "a build counts as complete up to where it ended": {
    file: "press/build.ts",
    code: `manifest.setMeta("complete", String(snapshot.version));
        source.forgetChanges(snapshot.version);`,
    instead: `manifest.setMeta("complete", String(source.version()));
        source.forgetChanges(source.version());`,
  },
  "refs are overwritten by those of a render that failed": {
    file: "press/settle-pages.ts",
    code: "transaction.recordFailure({ key, published, verified, due, error, stale }, edges);",
    instead: "transaction.record({ key, published, verified, due, error, stale }, edges);",
  },
  "an equal page keeps the refs that it had": {
    file: "press/settle-pages.ts",
    code: "this.#record(page, rendered, { ...plan.row.published, lastmod: rendered.lastmod }, transaction);",
    instead: "transaction.recordFailure({ ...plan.row, verified: page.stamp, error: undefined }, []);",
  },
  "a page that moves leaves its file where it was": {
    file: "press/settle-pages.ts",
    code: "    this.#leave(page, plan.left, transaction);\n    return true;\n  }\n\n  /** What can't stand beside",
    instead: "    return true;\n  }\n\n  /** What can't stand beside",
  },
  "what is stored is compared when a press begins, not when it puts": {
    file: "press/press-pages.ts",
    code: "    this.#context.onPage(key);\n    const failure",
    instead:
      "    this.#context.onPage(key);\n    (this.#plan.seen ??= new Map()).set(key, this.#context.manifest.page(key));\n    const failure",
    also: {
      file: "press/plan-page.ts",
      code: "const row = manifest.page(key);\n  const verified",
      instead: "const row = context.seen?.has(key) ? context.seen.get(key) : manifest.page(key);\n  const verified",
      also: {
        file: "press/plan-page.ts",
        code: "const etag = context.store.etag(located.key);\n  const published",
        instead:
          "const etag = row?.published?.path === located.path ? row.published.etag : context.store.etag(located.key);\n  const published",
      },
    },
  },
  "what stands there is taken for what the row says": {
    file: "press/plan-page.ts",
    code: "etag !== undefined && published.etag === etag;",
    instead: "etag !== undefined;",
  },
  "an equal page isn't verified": {
    file: "press/settle-pages.ts",
    code: "this.#record(page, rendered, { ...plan.row.published, lastmod: rendered.lastmod }, transaction);",
    instead: "",
  },
  "a page whose refs were touched meanwhile counts as done": {
    file: "press/settle-pages.ts",
    code: "isOutdated(page, transaction)) {\n        retry.push(page.key);",
    instead: "isOutdated(page, transaction)) {",
  },
  "a page that is found in its place is done without its refs": {
    file: "press/settle-pages.ts",
    code: "if (transaction !== undefined) this.#record(page, rendered, adopted, transaction);",
    instead: "if (transaction !== undefined) this.#record(page, { ...rendered, edges: [] }, adopted, transaction);",
  },
  "versions begin again when the source was restored": {
    file: "system/site-state.ts",
    code: "return Math.max(record.version, isNew ? newestStamped(store) : newestSeen(manifest));",
    instead: "return 0;",
  },
  "a source that was restored is noticed by the site record alone": {
    file: "system/site-state.ts",
    code: "return Math.max(record.version, isNew ? newestStamped(store) : newestSeen(manifest));",
    instead: "return record.version;",
  },
  "epochs begin again when the site record was lost": {
    file: "system/site-state.ts",
    code: "epoch = Math.max(epoch, carried?.stamp.epoch ?? 0);",
    instead: "",
  },
  "a worker acks what it did on a manifest that was replaced": {
    file: "press/work-messages.ts",
    code: `if (standing.kind === "current") return this.held.ack(source);`,
    instead: "if (standing.kind !== undefined) return this.held.ack(source);",
  },
  "what the dead have left isn't looked for": {
    file: "press/strays.ts",
    code: "  if (key === undefined) return false;",
    instead: "  if (key !== undefined) return false;",
  },
  "bytes that came back with a power failure stay where a tombstone is": {
    file: "press/strays.ts",
    code: `kind === "handover" && isHere(path)`,
    instead: `kind !== "redirect" && isHere(path)`,
  },
  "the last good bytes of a page that fails go with a lost manifest": {
    file: "press/strays.ts",
    code: `if (page === undefined || carried === undefined || row?.stale?.kind !== "failed") return false;`,
    instead: "if (row?.id !== -1) return false;",
  },
  "pages that a whole build doesn't come to stay as they are": {
    file: "press/build.ts",
    code: "await this.#pressAll(this.#options.isDryRun ? this.#gone(rest, snapshot) : this.#untried(rest), true);",
    instead: "void [rest, snapshot];",
  },
  "nobody notes where a page is about to be put": {
    file: "press/press-pages.ts",
    code: "this.#openPaths(prepared.flatMap((page) => this.#stage(page) ?? []));",
    instead: "for (const page of prepared) this.#stage(page);",
    also: { file: "press/settle-pages.ts", code: "if (!isKnown) return false;", instead: "void isKnown;" },
  },
  "a path that was handed over isn't kept open": {
    file: "press/apply-left.ts",
    code: "for (const page of [key, ...act.takers]) openPaths.open(page, act.at.path);",
    instead: "",
  },
  "a page that failed before it came to be is taken for known": {
    file: "press/expand.ts",
    code: "if (!known.delete(wanted) || unborn.has(wanted)) yield",
    instead: "if (!known.delete(wanted)) yield",
  },
  "a build of one route registers the templates of all": {
    file: "press/site-record.ts",
    code: "if (only !== undefined) return registerSome(record, templates, only);",
    instead: "void only;",
  },
  "drains have no cap on removals": {
    file: "press/regenerate.ts",
    code: "if (!countDeletes(context.manifest, keysGone.length, cap, now)) {",
    instead: "if (cap < 0) {",
  },
  "a build has no cap on removals": {
    file: "press/build.ts",
    code: "const isWithheld = gone.size > maxDeletes;",
    instead: "const isWithheld = false;",
  },
  "a failing page is taken away": {
    file: "press/settle-pages.ts",
    code: "    if (transaction === undefined) return;\n    const row",
    instead: `    if (transaction === undefined) return;
    const good = transaction.page(key)?.published;
    if (good !== undefined) this.#plan.store.remove(\`\${good.path.slice(1)}index.html\`);
    const row`,
  },
};
