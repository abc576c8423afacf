/** A part can't be measured on this machine; the message says what to install or run first. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
}
