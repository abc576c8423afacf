export { queueHandler, sweepHandler } from "../src/system/lambda.ts";
export type { BatchResponse, LambdaContext, LambdaOptions, SweepHandlerOptions } from "../src/system/lambda.ts";
