import assert from "node:assert/strict";
import { test } from "node:test";

import { folded, placesOf } from "../../static/js/player/folding.js";

const hits = (typed, text) =>
  placesOf(folded(typed.trim()).signs, folded(text)).map(([start, end]) => text.slice(start, end));

const CAFE = "Cafe\u0301, cafe\u0301 et \u{1f44d}\u{1f3fd}.";
const WIDE = "\uff14\uff17\uff11\uff11";

for (const [typed, text, found] of [
  ["cafe", "Café Müller", ["Café"]],
  ["CAFÉ", CAFE, ["Cafe\u0301", "cafe\u0301"]],
  ["strasse", "Die Straße ist groß", ["Straße"]],
  ["groß", "Die Straße ist groß", ["groß"]],
  ["4711", `お荷物は${WIDE}です。`, [WIDE]],
  ["4711", "Your parcel is 4711.", ["4711"]],
  ["fine", "ﬁne.", ["ﬁne"]],
  // Both letters of one sign are one hit.
  ["f", "ﬀ", ["ﬀ"]],
  ["\u0627\u064a\u0646", "\u0623\u064a\u0646 \u0627\u0644\u0637\u0631\u062f", ["\u0623\u064a\u0646"]],
  ["荷物", "お荷物は", ["荷物"]],
  ["\u{1f44d}", CAFE, ["\u{1f44d}\u{1f3fd}"]],
  ["\u{1f44d}\u{1f3fd}", CAFE, ["\u{1f44d}\u{1f3fd}"]],
  ["a.b*c(d)[e]\\f$", "Told late, a.b*c(d)[e]\\f$", ["a.b*c(d)[e]\\f$"]],
  [".*", "Told late.", []],
  ["ja", "Ja, ja. Nein.", ["Ja", "ja"]],
]) {
  test(`“${typed}” in “${text}”`, () => assert.deepEqual(hits(typed, text), found));
}

test("spaces and a lone accent are nothing to look for", () => {
  for (const typed of ["   ", "\u0301"]) assert.equal(folded(typed.trim()).signs, "");
});
