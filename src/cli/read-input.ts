import { createReadStream } from "node:fs";

import { messageOf, RekilnError } from "../core/errors.ts";
import { decodeRecord } from "../source/parse-record.ts";
import { RECORD_BYTES_MAX } from "../source/record-files.ts";

/** A stream of bytes, and what people call it. */
export interface Input {
  readonly name: string;
  readonly stream: AsyncIterable<unknown>;
}

/** A file, or stdin where none is named. */
export function openInput(file: string | undefined): Input {
  if (file === undefined) return { name: "stdin", stream: process.stdin };
  return { name: file, stream: piecesOf(file) };
}

async function* piecesOf(file: string): AsyncGenerator {
  try {
    yield* createReadStream(file, { highWaterMark: 1 << 20 });
  } catch (error) {
    throw unreadable(file, messageOf(error));
  }
}

function unreadable(name: string, why: string): RekilnError {
  return new RekilnError({ code: "input-unreadable", message: `${name} can't be read: ${why}.`, disposition: "fatal" });
}

/** The one JSON value that an input holds. @throws RekilnError `input-unreadable` when it is no JSON, or larger than a record may be */
export async function readJson({ name, stream }: Input): Promise<unknown> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    // A stream without an encoding gives buffers.
    const buffer = piece as Buffer;
    pieces.push(buffer);
    bytes += buffer.length;
    if (bytes > RECORD_BYTES_MAX) throw unreadable(name, `it is larger than ${RECORD_BYTES_MAX >> 20} MB`);
  }
  const decoded = decodeRecord(Buffer.concat(pieces));
  if (!decoded.ok) throw unreadable(name, decoded.message);
  return decoded.input;
}
