import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { intervalsByHand, playerWith } from "./page.mjs";
import { Call } from "../../static/js/player/call.js";
import { Ticking } from "../../static/js/player/ticking.js";
import { facts } from "./calls.mjs";

let pass;
beforeEach(() => {
  pass = intervalsByHand();
  requestAnimationFrame.mock.resetCalls();
  cancelAnimationFrame.mock.resetCalls();
});

function ticking(more) {
  const player = playerWith({ call: new Call(facts({ mixed: [[0, 10], [40, 20]] })), ...more });
  const events = [];
  for (const name of ["tick", "frame"]) player.addEventListener(name, () => events.push(name));
  return { player, events, ticks: new Ticking(player) };
}

const showFrame = () => requestAnimationFrame.mock.calls.at(-1).arguments[0]();

test("it ticks ten times a second, and asks for a frame after each frame", () => {
  const { events, ticks } = ticking();
  ticks.begin();
  ticks.begin();
  pass(1000);
  assert.deepEqual(events, Array(10).fill("tick"));
  showFrame();
  assert.equal(events.at(-1), "frame");
  assert.equal(requestAnimationFrame.mock.callCount(), 2);
});

test("it ends with the sound, and in a hidden tab leaves no frame behind", () => {
  const { player, events, ticks } = ticking();
  ticks.begin();
  player.audio.paused = true;
  pass(1000);
  assert.deepEqual(events, ["tick"], "one last time, to show where it stopped");
  assert.equal(cancelAnimationFrame.mock.callCount(), 1);
  ticks.begin();
  player.audio.paused = false;
  pass(100);
  assert.equal(events.length, 2);
});

test("a loop goes back to its start at its end, by tick or by frame", () => {
  for (const move of [() => pass(100), showFrame]) {
    const { player, ticks } = ticking({ looping: true, range: [2, 5], second: 4.9 });
    ticks.begin();
    move();
    assert.equal(player.seek.mock.callCount(), 0);
    player.second = 5;
    move();
    assert.deepEqual(player.seek.mock.calls[0].arguments, [2]);
  }
});

test("while it seeks it is not sent back once more", () => {
  const { player, ticks } = ticking({ looping: true, range: [2, 5], second: 6 });
  player.audio.seeking = true;
  ticks.begin();
  pass(100);
  assert.equal(player.seek.mock.callCount(), 0);
});

test("at the end of a range that a link asked for it stops, without a loop", () => {
  const { player, ticks } = ticking({ range: [2, 5], second: 4.9, stopsBefore: (s) => s >= 5 });
  ticks.begin();
  pass(100);
  assert.equal(player.stop.mock.callCount(), 0);
  player.second = 5;
  pass(100);
  assert.equal(player.stop.mock.callCount(), 1);
  assert.equal(player.seek.mock.callCount(), 0);
});

test("a loop in which the voice has no sound is over", () => {
  const { player, ticks } = ticking({ looping: true, range: [15, 30], second: 30 });
  assert.equal(ticks.again(), false);
  assert.equal(player.looping, false);
  assert.equal(player.seek.mock.callCount(), 0);
});
