import { runSampleProcess } from "../src/system/sample-process.ts";

await runSampleProcess();
