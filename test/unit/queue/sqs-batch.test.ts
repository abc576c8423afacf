import { expect, test } from "vitest";

import { sendEntries } from "../../../src/queue/sqs-batch.ts";

const ten = Array.from({ length: 10 }, (_, n) => ({ name: String(n) }));
const sleep = async (): Promise<void> => undefined;

test.each([true, false])(
  "each of the 1,024 ways in which ten entries fail is told entry by entry; refused: %s",
  async (isRefused) => {
    for (let mask = 0; mask < 1024; mask++) {
      const fails = (name: string): boolean => ((mask >> Number(name)) & 1) === 1;
      const sizes: number[] = [];
      const outcomes = await sendEntries(ten, {
        what: "The queue",
        sleep,
        send: async (entries) => {
          sizes.push(entries.length);
          return {
            Successful: entries.filter(({ name }) => !fails(name)).map(({ Id }) => ({ Id, MessageId: `m${Id}` })),
            Failed: entries
              .filter(({ name }) => fails(name))
              .map(({ Id }) => ({ Id, Code: "x", SenderFault: isRefused })),
          };
        },
      });
      const failed = isRefused ? "refused" : "failed";
      expect(outcomes.map(({ kind }) => kind)).toEqual(ten.map(({ name }) => (fails(name) ? failed : "done")));
      // What the service failed at is tried three times more, each by itself.
      const failures = ten.filter(({ name }) => fails(name)).length;
      expect(sizes).toEqual([10, ...Array.from({ length: isRefused ? 0 : 3 * failures }, () => 1)]);
    }
  },
);

test("what failed once and is sent then is done", async () => {
  let calls = 0;
  const outcomes = await sendEntries(ten, {
    what: "The queue",
    sleep,
    send: async (entries) => {
      const isFirst = calls++ === 0;
      const [good, bad] = isFirst ? [entries.slice(3), entries.slice(0, 3)] : [entries, []];
      return {
        Successful: good.map(({ Id }) => ({ Id, MessageId: Id })),
        Failed: bad.map(({ Id }) => ({ Id, Code: "InternalError", SenderFault: false })),
      };
    },
  });
  expect(outcomes).toEqual(ten.map(({ name }) => ({ kind: "done", id: name })));
});

test("an entry that isn't answered at all counts as failed", async () => {
  const outcomes = await sendEntries(ten.slice(0, 1), { what: "The queue", sleep, send: async () => ({}) });
  expect(outcomes).toMatchObject([{ kind: "failed", error: { disposition: "retry" } }]);
});
