import assert from "node:assert/strict";
import { test } from "node:test";

import { unmatched } from "../../static/js/player/unmatched.js";

const AGENT = [[1, 4], [20, 20.9], [30, 33]];
const BOTH = { agent: AGENT, customer: [[5, 8], [9.5, 12]] };
const turn = (speaker, start, end = Number.NaN, letters = 20) => ({ speaker, start, end, letters });
const EXACT = [turn("agent", 1, 4), turn("agent", 30, 33), turn("customer", 5, 12)];

function compare(lanes, turns, near, gaps = {}) {
  const given = Object.entries(lanes).map(([name, spans]) => ({
    name,
    spans,
    gaps: gaps[name] ?? [],
  }));
  const { speech, words } = unmatched(given, [...turns].sort((a, b) => a.start - b.start), near);
  const round = (second) => Number(second.toFixed(6));
  return {
    speech: speech.map(({ lane, start, end }) => [lane, round(start), round(end)]),
    words: words.map(({ start }) => start),
  };
}

for (const [what, lanes, turns, near, speech, words] of [
  ["All agrees; a sound shorter than a second needs no words", BOTH, EXACT, 0.8, [], []],
  [
    "The two sides do not stand in for each other",
    ...[BOTH, [turn("customer", 1, 12), EXACT[1]], 0.8, [["agent", 1, 4]], []],
  ],
  [
    "Speech with a short pause is one stretch",
    ...[BOTH, EXACT.slice(0, 2), 0.8, [["customer", 5, 12]], []],
  ],
  [
    "Only the rest of a long speech has no words",
    ...[{ agent: [[0, 60]] }, [turn("agent", 0, 40)], 0.8, [["agent", 40.8, 60]], []],
  ],
  [
    "Words in the middle part what has none",
    ...[{ agent: [[0, 60]] }, [turn("agent", 20, 40)], 1],
    ...[[["agent", 0, 19], ["agent", 41, 60]], []],
  ],
  [
    "Without an end, words last as long as they take when said slowly: 2 + 20 / 4",
    ...[{ agent: [[0, 60]] }, [turn("agent", 0)], 1, [["agent", 8, 60]], []],
  ],
  [
    "Without an end, words end where anybody's next turn begins",
    ...[BOTH, [turn("agent", 1, 4), turn("customer", 5), turn("agent", 8)], 0.8],
    ...[[["customer", 9.5, 12], ["agent", 30, 33]], [8]],
  ],
  [
    "Somebody who cuts in leaves the words the time they need: 60 / 15",
    ...[{ agent: [[0, 9]] }, [turn("agent", 0, Number.NaN, 60), turn("customer", 1)], 0.8],
    ...[[["agent", 4.8, 9]], []],
  ],
  [
    "A turn of the same second ends nothing",
    ...[{ agent: [[0, 60]] }, [turn("agent", 0), turn("agent", 0)], 1, [["agent", 8, 60]], []],
  ],
  [
    "A turn begun within a long speech has speech",
    ...[{ agent: [[0, 60]] }, [turn("agent", 0, 30), turn("agent", 30, 60)], 0.8, [], []],
  ],
  [
    "Nothing is heard of the agent at 25; at 20.9 + 1.6 there is",
    ...[BOTH, [...EXACT, turn("agent", 25), turn("agent", 22.4)], 1.6, [], [25]],
  ],
  [
    "A speaker who was not recorded cannot be missed",
    ...[{ agent: AGENT }, [...EXACT, turn("customer", 50)], 0.8, [], []],
  ],
  [
    "An unknown speaker may be anybody",
    ...[BOTH, [...EXACT, turn("", 7), turn("", 50)], 0.8, [], [50]],
  ],
  [
    "One lane of both voices",
    ...[{ mixed: [[0, 3], [9, 12]] }, [turn("agent", 0, 3)], 0.8, [["mixed", 9, 12]], []],
  ],
  ["Silence has no words", { agent: [] }, [turn("agent", 3, 4)], 0.8, [], [3]],
  [
    "A call without any words",
    ...[BOTH, [], 0.8, [["agent", 1, 4], ["customer", 5, 12], ["agent", 30, 33]], []],
  ],
]) {
  test(what, () => assert.deepEqual(compare(lanes, turns, near), { speech, words }));
}

test("words in a part that cannot be played are not missed, nor next to it", () => {
  const turns = [turn("agent", 10, 11), turn("agent", 15, 16)];
  for (const [gaps, words] of [
    [{}, [10, 15]],
    [{ agent: [[9, 13]] }, [15]],
    [{ agent: [[10.5, 13]] }, [15]],
    [{ agent: [[11.9, 13]] }, [10, 15]],
    [{ customer: [[0, 40]] }, [10, 15]],
  ]) {
    assert.deepEqual(compare(BOTH, turns, 0.8, gaps).words, words);
  }
});
