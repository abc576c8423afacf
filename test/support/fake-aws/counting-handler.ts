import { Readable } from "node:stream";

import { SQS } from "@aws-sdk/client-sqs";

type Handler = SQS["config"]["requestHandler"];

/** The SDK's own connections, which tell how many requests are under way: those whose answers aren't there as a whole. */
export class CountingHandler {
  underWay = 0;
  readonly metadata = { handlerProtocol: "http/1.1" };
  readonly #inner: Handler = new SQS({ region: "us-east-1" }).config.requestHandler;

  async handle(...request: Parameters<Handler["handle"]>): ReturnType<Handler["handle"]> {
    this.underWay++;
    try {
      const answer = await this.#inner.handle(...request);
      const body: unknown = answer.response.body;
      if (body instanceof Readable) answer.response.body = Readable.from([Buffer.concat(await body.toArray())]);
      return answer;
    } finally {
      this.underWay--;
    }
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {};
  }

  destroy(): void {
    // Shared by all clients of a test file.
  }
}
