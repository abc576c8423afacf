import { Agent, get } from "node:http";

/** Asks for pages one after the other on each of `connections` kept connections, for some seconds. @returns requests a second */
export async function requestLoad(
  port: number,
  paths: readonly string[],
  connections: number,
  seconds: number,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const end = performance.now() + seconds * 1000;
  let asked = 0;
  const ask = async (path: string): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request = get({ agent, host: "127.0.0.1", port, path, headers: { Host: "localhost" } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path} is answered ${response.statusCode}`));
      response.resume().once("end", resolve).once("error", reject);
    });
    request.once("error", reject);
    await promise;
  };
  const client = async (first: number): Promise<void> => {
    for (let index = first; performance.now() < end; index += connections) {
      await ask(paths[index % paths.length] ?? "/");
      asked++;
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, async (_, first) => client(first)));
    return asked / seconds;
  } finally {
    agent.destroy();
  }
}
