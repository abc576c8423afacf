import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

const ANSWER = 'HTTP/1.1 200 OK\r\nETag: "9b2cf535f27731c974343645a3985328"\r\nContent-Length: 0\r\n\r\n';

export interface PutSink extends AsyncDisposable {
  readonly url: string;
}

/** A server that says 200 to every PUT with a length, and does nothing else, so that it is in nobody's way. */
export async function startPutSink(): Promise<PutSink> {
  const server = createServer((socket) => {
    let left = 0;
    let head = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece) => {
      for (let at = 0; at < piece.length;) {
        if (left > 0) {
          const taken = Math.min(left, piece.length - at);
          at += taken;
          left -= taken;
          if (left === 0) socket.write(ANSWER);
          continue;
        }
        const before = head.length;
        head += piece.toString("latin1", at);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        at += end + 4 - before;
        left = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        head = "";
        if (left === 0) socket.write(ANSWER);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // Listening on TCP, it has an address and a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
