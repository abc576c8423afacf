/** Why a message that nobody acked is among the dead letters. */
export function receivedTooOften(receives: number): string {
  return `received ${receives} times and never acked`;
}
