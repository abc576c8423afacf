import { fstatSync, readSync } from "node:fs";

const PIECE_BYTES = 1 << 20;

/** The bytes of an open file up to `end`, or as far as it reaches now. A piece holds until the next one is asked for. */
export function* filePieces(file: number, end = fstatSync(file).size): Iterable<Uint8Array> {
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end));
  for (let position = 0; position < end;) {
    const bytes = readSync(file, piece, 0, Math.min(piece.length, end - position), position);
    if (bytes === 0) return;
    yield piece.subarray(0, bytes);
    position += bytes;
  }
}
