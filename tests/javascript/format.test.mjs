import assert from "node:assert/strict";
import { test } from "node:test";

import { clamp, clock, secondsOf, spoken } from "../../static/js/player/format.js";

test("a clock shows hours only where there are any, and tenths where asked for", () => {
  for (const [seconds, shown] of [
    [0, "0:00"],
    [59.99, "0:59"],
    [187.4, "3:07"],
    [3600, "1:00:00"],
    [3725, "1:02:05"],
    [-3, "0:00"],
  ]) {
    assert.equal(clock(seconds), shown);
  }
  assert.equal(clock(187.4, true), "3:07.4");
  // 8.3 is 8.2999… in binary.
  assert.equal(clock(8.3, true), "0:08.3");
});

test("seconds are read from numbers and clocks, with a point or a comma", () => {
  for (const [text, seconds] of [
    ["8.5", 8.5],
    ["8,5", 8.5],
    ["0:08.5", 8.5],
    ["00:00:08,5", 8.5],
    ["1:23.5", 83.5],
    ["1:00:00", 3600],
    ["1e9", 1e9],
    ["-5", -5],
  ]) {
    assert.equal(secondsOf(text), seconds);
  }
  for (const text of ["", "NaN", "x:05", "1:", ":"]) assert.ok(Number.isNaN(secondsOf(text)), text);
});

test("a screen reader says whole units", () => {
  for (const [seconds, said] of [
    [0, "0 seconds"],
    [1.9, "1 second"],
    [26, "26 seconds"],
    [60, "1 minute 0"],
    [192, "3 minutes 12"],
    [3600, "1 hour 0 minutes 0"],
    [7325, "2 hours 2 minutes 5"],
    [-1, "0 seconds"],
  ]) {
    assert.equal(spoken(seconds), said);
  }
});

test("a value is kept between two others", () => {
  assert.deepEqual([-1, 3, 9].map((value) => clamp(value, 0, 5)), [0, 3, 5]);
});
