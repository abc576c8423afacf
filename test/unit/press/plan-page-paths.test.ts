import { OpenPaths } from "../../../src/press/open-paths.ts";
import { rmSync } from "node:fs";

import { beforeEach, describe, expect, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import { at, film, objectKey, PlanBench, STAMP } from "./plan-bench.ts";

const bench = new PlanBench();
const { given, put, putPage, publish, claim, plan } = bench;

describe("a path that two pages want", () => {
  const path = "/films/alien/";

  test("belongs to the lower id of a route; the other collides and names the owner", async () => {
    await given({ id: "1", path }, { id: "2", path });
    publish(film("1"), { path });
    expect(plan(film("2"))).toEqual({ do: "collide", owner: film("1"), left: [], again: [] });
  });

  test("belongs to the earlier route", async () => {
    await given({ id: "2", path }, { id: "1", path: "/films/other/", alias: path });
    publish(film("2"), { path });
    expect(plan(pageKey("alias", "1", 1))).toMatchObject({ do: "collide", owner: film("2") });
  });

  test("is taken by its owner, and whoever stood there is pressed again", async () => {
    await given({ id: "1", path }, { id: "2", path });
    publish(film("2"), { path });
    expect(plan(film("1"))).toEqual({
      do: "write",
      reason: "new",
      evicts: [],
      left: [],
      again: [film("2")],
    });
  });

  test.each([
    ["/films/ALIEN/", "/films/alien/"],
    ["/x.y", "/x.y/"],
    ["/x.y/", "/x.y"],
    ["/x.y", "/x.y/deep/"],
    ["/x.y/deep/", "/x.y"],
  ])("is taken for %s by removing the loser's page from %s first", async (wanted, taken) => {
    await given({ id: "1", path: wanted }, { id: "2", path: taken });
    publish(film("2"), { path: taken });
    expect(plan(film("1"))).toEqual({
      do: "write",
      reason: "new",
      evicts: [objectKey(taken)],
      left: [],
      again: [film("2")],
    });
  });

  test("is taken without touching what somebody else put in the loser's place", async () => {
    await given({ id: "1", path: "/films/ALIEN/" }, { id: "2", path });
    publish(film("2"), { path });
    put(path, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "write", evicts: [] });
  });

  test("isn't kept by a lower page that never came to stand there", async () => {
    await given({ id: "1", path }, { id: "2", path });
    claim(film("1"), path);
    expect(plan(film("2"))).toMatchObject({ do: "write", reason: "new" });
  });

  test("is the same path in another case", async () => {
    await given({ id: "1", path: "/films/ALIEN/" }, { id: "2", path });
    publish(film("1"), { path: "/films/ALIEN/" });
    expect(plan(film("2"))).toMatchObject({ do: "collide", owner: film("1") });
  });

  test("can't be a file and a folder", async () => {
    await given({ id: "1", path: "/x.y" }, { id: "2", path: "/x.y/" }, { id: "3", path: "/x.y/deep/er/" });
    publish(film("1"), { path: "/x.y" });
    expect(plan(film("2"))).toMatchObject({ do: "collide", owner: film("1") });
    expect(plan(film("3"))).toMatchObject({ do: "collide", owner: film("1") });
  });

  test("can't be a folder and a file either: the owner below the file's name is found", async () => {
    await given({ id: "1", path: "/x.y/deep/" }, { id: "2", path: "/x.y" });
    publish(film("1"), { path: "/x.y/deep/" });
    expect(plan(film("2"))).toMatchObject({ do: "collide", owner: film("1") });
  });

  test("is free when its claimant has another path by now", async () => {
    await given({ id: "1", path: "/films/elsewhere/" }, { id: "2", path });
    publish(film("1"), { path });
    expect(plan(film("2"))).toMatchObject({ do: "write", reason: "new", again: [] });
  });

  test("is free when its claimant is gone", async () => {
    await given({ id: "2", path });
    publish(film("1"), { path });
    expect(plan(film("2"))).toMatchObject({ do: "write", reason: "new", again: [] });
  });

  test("belongs to a file of static/ before any page", async () => {
    await given({ id: "1", path: "/robots.txt" });
    expect(plan(film("1"), "new", { staticKeys: new Set(["/robots.txt"]) })).toEqual({
      do: "collide",
      owner: "static/robots.txt",
      left: [],
      again: [],
    });
  });
});

describe("a page that has another path than before", () => {
  const [from, to] = ["/films/alien/", "/films/alien-1979/"];

  const redirect = { do: "redirect", at: at(from), to };

  test("is written as moved, and its old path leads there", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: from });
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", evicts: [], left: [redirect], again: [] });
  });

  test("leaves a redirect where someone has removed its old file", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: from });
    rmSync(bench.fileOf(from));
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", left: [redirect] });
  });

  test("leaves a tombstone where no redirect can stand", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: "/films/alien.json" });
    expect(plan(film("1"))).toMatchObject({
      do: "write",
      left: [{ do: "tombstone", at: at("/films/alien.json"), removes: true }],
    });
  });

  test("leaves its old bytes to another page that wants the path, which is pressed next", async () => {
    await given({ id: "1", path: to }, { id: "2", path: from });
    publish(film("1"), { path: from });
    claim(film("2"), from);
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", again: [film("2")] });
    expect(plan(film("1"))).toMatchObject({ left: [{ do: "hand-over", at: at(from), removes: false }] });
  });

  test("removes its old file when another page wants a path that can't stand beside it", async () => {
    await given({ id: "1", path: to }, { id: "2", path: "/films/ALIEN/" });
    publish(film("1"), { path: from });
    claim(film("2"), "/films/ALIEN/");
    expect(plan(film("1"))).toMatchObject({ left: [{ do: "hand-over", at: at(from), removes: true }] });
  });

  test("leaves its old path to a page that stands there by now", async () => {
    await given({ id: "1", path: to }, { id: "2", path: from });
    publish(film("1"), { path: from });
    rmSync(bench.fileOf(from));
    publish(film("2"), { path: from, content: "the second" });
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", left: [], again: [film("2")] });
  });

  test.each([
    ["/films/alien/", "/films/ALIEN/"],
    ["/x.y", "/x.y/"],
    ["/x.y/", "/x.y"],
  ])("makes room for itself where %s can't stand beside %s", async (before, after) => {
    await given({ id: "1", path: after });
    publish(film("1"), { path: before });
    expect(plan(film("1"))).toEqual({
      do: "write",
      reason: "moved",
      evicts: [objectKey(before)],
      left: [],
      again: [],
    });
  });

  test.each([
    ["moved", [{ id: "1", path: to }]],
    [
      "taken away because another one has its path",
      [
        { id: "0", path: to },
        { id: "1", path: to },
      ],
    ],
    ["removed", [{ id: "7" }]],
  ])("isn't %s by older data than those that somebody put in its place, and died", async (_, films) => {
    await given(...films);
    publish(film("0"), { path: to });
    publish(film("1"), { path: from });
    expect(plan(film("1")).do).not.toBe("retry");
    putPage(film("1"), { path: from, content: "newer", stamp: { ...STAMP, version: STAMP.version + 1 } });
    expect(plan(film("1"))).toEqual({ do: "retry" });
  });

  test("leaves a file alone that is no longer its own", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: from });
    put(from, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", left: [] });
  });

  test("leaves a tombstone when it loses the new path to another", async () => {
    await given({ id: "1", path: to }, { id: "2", path: to });
    publish(film("1"), { path: to });
    publish(film("2"), { path: from });
    expect(plan(film("2"))).toMatchObject({
      do: "collide",
      owner: film("1"),
      left: [{ do: "tombstone", at: at(from), removes: true }],
      again: [],
    });
  });

  test("leaves a redirect also when its bytes stand at the new path already", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: from });
    putPage(film("1"), { path: to, content: "new" });
    expect(plan(film("1"))).toMatchObject({ do: "adopt", left: [redirect] });
  });
});

describe("paths that were left before", () => {
  const [first, second, third] = ["/films/alien/", "/films/alien-1979/", "/films/alien-1/"];
  const leads = (path: string, to: string): object => ({ do: "redirect", at: at(path), to });

  test("lead to the newest path, not from one to the next", async () => {
    await given({ id: "1", path: third });
    publish(film("1"), { path: second });
    bench.leave(film("1"), first, "redirect");
    expect(plan(film("1"))).toMatchObject({ left: [leads(second, third), leads(first, third)] });
  });

  test("lead to a page that has come back elsewhere", async () => {
    await given({ id: "1", path: second });
    bench.leave(film("1"), first, "tombstone");
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "new", left: [leads(first, second)] });
  });

  test("become tombstones when the page goes", async () => {
    await given({ id: "7" });
    publish(film("1"), { path: second });
    bench.leave(film("1"), first, "redirect");
    const tombstone = (path: string): object => ({ do: "tombstone", at: at(path), removes: true });
    expect(plan(film("1"))).toMatchObject({ do: "remove", left: [tombstone(second), tombstone(first)] });
  });

  test.each(["redirect", "tombstone"] as const)("are forgotten as a %s by whoever comes there", async (kind) => {
    await given({ id: "1", path: second }, { id: "2", path: first });
    publish(film("1"), { path: second });
    bench.leave(film("1"), first, kind);
    const forget = { do: "forget", collisionKey: at(first).collisionKey };
    expect(plan(film("2"))).toEqual({ do: "write", reason: "new", evicts: [], left: [forget], again: [] });
  });

  test.each([
    ["/films/ALIEN/", "/films/alien/"],
    ["/x.html", "/x.html/"],
    ["/x.html/deep/er/", "/x.html"],
    ["/x.y", "/x.y/deep/"],
  ])("make room for %s, beside which the redirect at %s can't stand", async (wanted, left) => {
    await given({ id: "2", path: wanted });
    bench.leave(film("1"), left, "redirect");
    const forget = { do: "forget", collisionKey: at(left).collisionKey };
    expect(plan(film("2"))).toMatchObject({ do: "write", evicts: [objectKey(left)], left: [forget] });
  });

  test("are forgotten, and left alone, where somebody else's file stands by now", async () => {
    await given({ id: "1", path: third });
    publish(film("1"), { path: second });
    bench.leave(film("1"), first, "redirect");
    put(first, "<p>by hand</p>");
    const forget = { do: "forget", collisionKey: at(first).collisionKey };
    expect(plan(film("1"))).toMatchObject({ left: [leads(second, third), forget] });
  });

  test("stay as they are while the page stays where it is", async () => {
    await given({ id: "1", path: second });
    publish(film("1"), { path: second });
    bench.leave(film("1"), first, "redirect");
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "changed", left: [] });
    rmSync(bench.fileOf(second));
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "missing", left: [] });
  });
});

describe("a path that isn't done with", () => {
  const [first, second] = ["/films/alien/", "/films/alien-1979/"] as const;
  const open = (path: string): void =>
    bench.manifest.transact(() => new OpenPaths(bench.manifest).open(film("1"), path));

  test("is left by a page that was put there by a press that died", async () => {
    await given({ id: "1", path: second });
    publish(film("1"), { path: second, content: "new" });
    bench.putPage(film("1"), { path: first });
    open(first);
    expect(plan(film("1"))).toMatchObject({ do: "adopt", left: [{ do: "redirect", at: at(first), to: second }] });
  });

  test("stays open for the page that left it when a page comes to it that won't keep it", async () => {
    await given({ id: "1", path: first }, { id: "2", path: first }, { id: "3", path: second });
    bench.leave(film("3"), first, "handover");
    claim(film("1"), first);
    const forget = { do: "forget", collisionKey: at(first).collisionKey, keepsOpen: true };
    expect(plan(film("2"))).toMatchObject({ do: "write", left: [forget], again: [film("1")] });
  });

  test("isn't done with while the page that owns it hasn't come", async () => {
    await given({ id: "1", path: second }, { id: "2", path: first }, { id: "3", path: first });
    publish(film("1"), { path: second, content: "new" });
    publish(film("3"), { path: first });
    claim(film("2"), first);
    open(first);
    expect(plan(film("1"))).toMatchObject({
      do: "adopt",
      left: [{ do: "keep-open", at: at(first) }],
      again: [film("2"), film("3")],
    });
    publish(film("2"), { path: first });
    expect(plan(film("1"))).toMatchObject({ do: "adopt", left: [] });
  });

  test("is nothing where the press died before it put the page", async () => {
    await given({ id: "1", path: second });
    publish(film("1"), { path: second });
    open(first);
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "changed", left: [] });
  });

  test("brings those who want it, so that whoever was to press them may die", async () => {
    await given({ id: "1", path: second }, { id: "2", path: first });
    publish(film("1"), { path: second });
    bench.claim(film("2"), first);
    bench.leave(film("1"), first, "handover");
    open(first);
    expect(plan(film("1"))).toMatchObject({ again: [film("2")] });
  });

  test("is emptied when the page that was put there is gone", async () => {
    await given({ id: "2" });
    bench.putPage(film("1"), { path: first });
    open(first);
    const left = [{ do: "tombstone", at: at(first), removes: true }];
    expect(plan(film("1"))).toMatchObject({ do: "remove", row: undefined, left });
  });

  test("doesn't bring pages that collide there again and again", async () => {
    await given({ id: "0", path: first }, { id: "1", path: first });
    publish(film("0"), { path: first });
    open(first);
    expect(plan(film("1"))).toMatchObject({ do: "collide", owner: film("0"), again: [] });
  });
});

describe("a page that isn't in the snapshot", () => {
  const path = "/films/alien/";
  beforeEach(() => given({ id: "7" }));

  test("is absent when nothing is known of it", () => {
    expect(plan(film("1"))).toEqual({ do: "nothing", outcome: { kind: "absent", key: film("1") } });
  });

  test("is removed with its file, and leaves a tombstone", () => {
    publish(film("1"), { path });
    const left = [{ do: "tombstone", at: at(path), removes: true }];
    expect(plan(film("1"))).toMatchObject({ do: "remove", row: { key: film("1") }, left, again: [] });
  });

  test("stays when newer data has it, or newer templates give it a path", () => {
    publish(film("1"), { path, stamp: { ...STAMP, version: STAMP.version + 1 } });
    publish(film("2"), { path: "/films/heat/", stamp: { ...STAMP, epoch: STAMP.epoch + 1 } });
    for (const key of [film("1"), film("2")]) {
      expect(plan(key)).toEqual({ do: "nothing", outcome: { kind: "newer", key } });
    }
  });

  test("is removed without a file when it never had one", () => {
    claim(film("1"), path);
    expect(plan(film("1"))).toMatchObject({ do: "remove", left: [], again: [] });
  });

  test("leaves its bytes to another page that wants the path, which is pressed next", async () => {
    await given({ id: "2", path });
    publish(film("1"), { path });
    claim(film("2"), path);
    const left = [{ do: "hand-over", at: at(path), removes: false }];
    expect(plan(film("1"))).toMatchObject({ do: "remove", left, again: [film("2")] });
  });

  test("leaves the file of a page that stands in its place by now", async () => {
    await given({ id: "2", path });
    publish(film("1"), { path });
    rmSync(bench.fileOf(path));
    publish(film("2"), { path, content: "the second" });
    expect(plan(film("1"))).toMatchObject({ do: "remove", left: [], again: [film("2")] });
  });

  test("leaves alone what somebody else put there", () => {
    publish(film("1"), { path });
    put(path, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "remove", left: [] });
  });

  test("has its file removed to make room for a claimant in another case", async () => {
    await given({ id: "2", path: "/films/ALIEN/" });
    publish(film("1"), { path });
    claim(film("2"), "/films/ALIEN/");
    const left = [{ do: "hand-over", at: at(path), removes: true }];
    expect(plan(film("1"))).toMatchObject({ do: "remove", left, again: [film("2")] });
  });
});
