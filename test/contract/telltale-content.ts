const BYTES = 200_000;

/** A content whose every part tells which one it is: two halves of different ones are found out. */
export function telltaleContent(number: number): string {
  return `<${number}>`.padEnd(BYTES, String(number % 10)).concat(`</${number}>`);
}

/** Whether something is one whole content. */
export function isTelltaleWhole(content: string): boolean {
  const number = /^<(\d+)>/.exec(content)?.[1];
  return number !== undefined && content === telltaleContent(Number(number));
}
