import { expect, test } from "vitest";

import { lateText } from "../../../src/system/late-text.ts";

const film = { route: "film", periodSeconds: 7 * 86_400, ageSeconds: 8 * 86_400 };
const home = { route: "home", periodSeconds: 3600, ageSeconds: 3700 };

test.each([
  {
    late: [film],
    needed: 1.653,
    rate: 1,
    text: "The sweep is behind: the oldest page of film was verified 8 d 0 h ago, and its period is 7 d 0 h. 1.65 pages a second are needed, and --rate allows 1.",
  },
  {
    late: [home, film],
    needed: 12.3,
    rate: undefined,
    text: "The sweep is behind: the oldest page of home was verified 1 h 1 min ago, and its period is 1 h 0 min; so it is with film. 12 pages a second are needed.",
  },
])("a sweep that is behind says with what, and what it needs: $text", ({ late, needed, rate, text }) => {
  expect(lateText(late, needed, rate)).toBe(text);
});
