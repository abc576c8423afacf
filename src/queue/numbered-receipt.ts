/** The receipt of a message's nth receive. Ids are never used again, so that no other receive has it. */
export function receiptOf(id: string, receives: number): string {
  return `${id}.${receives}`;
}

/** Id and number of the receive; 0 and 0, which nothing has, of a text that is no receipt. */
export function parseReceipt(receipt: string): readonly [id: number, receives: number] {
  const [, id, receives] = /^(\d+)\.(\d+)$/.exec(receipt) ?? [];
  return [Number(id ?? 0), Number(receives ?? 0)];
}
