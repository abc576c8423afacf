import { runDevThread } from "../src/system/dev-thread.ts";

await runDevThread();
