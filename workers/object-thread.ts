import { runObjectThread } from "../src/system/object-thread.ts";

await runObjectThread();
