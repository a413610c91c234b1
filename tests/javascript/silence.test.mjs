import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { loadPage, playerWith } from "./page.mjs";
import { Call } from "../../static/js/player/call.js";
import { facts } from "./calls.mjs";

const { SilenceSkipper, saved, silences } = await import("../../static/js/player/silence.js");

const AGENT = { name: "agent", spans: [[1, 2], [10, 12]] };
const CUSTOMER = { name: "customer", spans: [[4, 5]] };

function callWith(lanes, voices = { mixed: [[0, 20]] }) {
  return Object.assign(new Call(facts(voices)), { lanes });
}

beforeEach(loadPage);

test("silence is where none of the voices that are heard speaks, less what words need", () => {
  const call = callWith([AGENT, CUSTOMER]);
  assert.deepEqual(silences(call, "mixed"), [[2.25, 3.75], [5.25, 9.75], [12.25, 20]]);
  assert.deepEqual(silences(call, "agent"), [[2.25, 9.75], [12.25, 20]]);
  // From the very beginning, too.
  assert.deepEqual(silences(call, "customer"), [[0, 3.75], [5.25, 20]]);
});

test("speech that overlaps hides no silence and makes none", () => {
  const call = callWith([{ name: "agent", spans: [[0, 10]] }, { name: "customer", spans: [[2, 3]] }]);
  assert.deepEqual(silences(call, "mixed"), [[10.25, 20]]);
});

test("without the lanes of a voice nothing of it is known", () => {
  assert.equal(silences(null, "mixed"), null);
  assert.equal(silences(callWith(null), "mixed"), null);
  assert.equal(silences(callWith([AGENT]), "customer"), null);
  assert.deepEqual(silences(callWith([{ name: "mixed", spans: [[0, 19]] }]), "agent"), []);
  assert.deepEqual(silences(callWith([{ name: "agent", spans: [] }]), "agent"), []);
});

test("the gap of a paused call saves nothing: it is not played anyway", () => {
  const call = callWith([AGENT], { mixed: [[0, 10], [15, 5]] });
  assert.equal(saved(call, [[8, 16]]), 3);
  assert.equal(saved(call, []), 0);
});

test("while it is on, what is left and what it saves go by the stretches ahead", () => {
  const player = playerWith({ call: callWith([AGENT, CUSTOMER]) });
  const skipper = new SilenceSkipper(player);
  assert.equal(skipper.left(0), 20);
  skipper.set(true);
  assert.equal(skipper.saves(), 1.5 + 4.5 + 7.75);
  assert.equal(skipper.left(0), 20 - 13.75);
  assert.equal(skipper.left(11), 1.25);
  assert.equal(new SilenceSkipper(player).on, true, "it is remembered");
});

test("stretches are found once per call and voice", () => {
  const player = playerWith({ call: callWith([AGENT, CUSTOMER]) });
  const skipper = new SilenceSkipper(player);
  const found = skipper.stretches;
  assert.equal(skipper.stretches, found);
  player.voice = "agent";
  assert.notEqual(skipper.stretches, found);
  player.call = null;
  player.emit("call");
  assert.equal(skipper.stretches, null);
});

function at(second, more = {}) {
  const player = playerWith({ call: callWith([AGENT, CUSTOMER]), second, ...more });
  new SilenceSkipper(player).set(true);
  player.emit("tick");
  return player.seek.mock.calls.map((seek) => seek.arguments[0]);
}

test("silence that is played is left by a seek", () => {
  assert.deepEqual(at(6), [9.75]);
  assert.deepEqual(at(4.5), [], "somebody speaks");
  assert.deepEqual(at(9.7), [], "too little of it is left");
});

test("a loop that ends in silence begins again, one of nothing but silence is played", () => {
  assert.deepEqual(at(6, { looping: true, range: [4, 11] }), [9.75]);
  assert.deepEqual(at(6, { looping: true, range: [4, 9] }), [4]);
  assert.deepEqual(at(6, { looping: true, range: [5.5, 9] }), []);
});

test("silence that reaches beyond the end of a linked range ends it there", () => {
  for (const [stop, stops] of [[9, 1], [20, 0]]) {
    const player = playerWith({
      call: callWith([AGENT, CUSTOMER]), second: 6, stopsBefore: (second) => second > stop,
    });
    new SilenceSkipper(player).set(true);
    player.emit("tick");
    assert.equal(player.stop.mock.callCount(), stops);
    assert.equal(player.seek.mock.callCount(), 1 - stops);
  }
});

test("nothing is skipped while it is off, paused or seeking", () => {
  for (const change of [
    (player, skipper) => skipper.set(false),
    (player) => (player.audio.paused = true),
    (player) => (player.audio.seeking = true),
    (player) => (player.call.lanes = null),
  ]) {
    const player = playerWith({ call: callWith([AGENT, CUSTOMER]), second: 6 });
    const skipper = new SilenceSkipper(player);
    skipper.set(true);
    change(player, skipper);
    player.emit("tick");
    assert.equal(player.seek.mock.callCount(), 0);
  }
});
