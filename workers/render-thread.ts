import { runPressThread } from "../src/system/press-thread.ts";

await runPressThread();
