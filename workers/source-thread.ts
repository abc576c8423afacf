import { runSourceThread } from "../src/system/source-thread.ts";

await runSourceThread();
