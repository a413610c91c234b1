import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { answering, loadPage, playerWith, settled } from "./page.mjs";
import { Call } from "../../static/js/player/call.js";
import { bringLanes, fetchLanes, parse } from "../../static/js/player/lanes_data.js";
import { facts } from "./calls.mjs";

/** A waveform as recordings/audio/waveform.py packs it: lanes are [peaks, spans in ms]. */
function pack(lanes, durationMs, perSecond = 20) {
  const count = lanes[0][0].length;
  const body = 12 + 4 * lanes.length;
  const spansAt = body + Math.ceil((lanes.length * count) / 4) * 4;
  const spans = lanes.flatMap(([, own]) => own).flat();
  const view = new DataView(new ArrayBuffer(spansAt + 4 * spans.length));
  view.setUint8(0, 1);
  view.setUint8(1, lanes.length);
  view.setUint16(2, perSecond, true);
  view.setUint32(4, count, true);
  view.setUint32(8, durationMs, true);
  lanes.forEach(([peaks, own], n) => {
    view.setUint32(12 + 4 * n, own.length, true);
    peaks.forEach((peak, at) => view.setUint8(body + n * count + at, peak));
  });
  spans.forEach((value, n) => view.setUint32(spansAt + 4 * n, value, true));
  return view.buffer;
}

const MINE = pack([[[1, 2, 3], [[500, 1000]]]], 10_000);
const THEIRS = pack([[[4, 5, 6], [[2000, 4000]]]], 10_000);
const STEREO = pack([[[1, 2, 3], [[500, 1000]]], [[4, 5, 6], [[2000, 4000]]]], 10_000);
const LEGS = { agent: [[0, 10]], customer: [[0, 10]] };

/** Answers by voice: a waveform, or statuses that come before it; `better`: of the call, by now. */
function serving(answers, better = null) {
  const left = Object.fromEntries(Object.entries(answers).map(([k, v]) => [k, [v].flat()]));
  return answering((address) => {
    if (address.endsWith("/listening")) return Response.json(better);
    const queue = left[address.match(/rec_([a-z]+)/)[1]] ?? [404];
    const answer = queue.length > 1 ? queue.shift() : queue[0];
    if (answer instanceof Error) throw answer;
    return typeof answer === "number"
      ? new Response(null, { status: answer })
      : new Response(answer);
  });
}

const { setTimeout: reallyLater } = globalThis;
let waited;
beforeEach(() => {
  loadPage();
  waited = [];
  globalThis.setTimeout = (go, ms) => {
    waited.push(ms);
    queueMicrotask(go);
  };
});
afterEach(() => (globalThis.setTimeout = reallyLater));

const drawn = (lanes) =>
  lanes?.map(({ name, spans, pieces }) => [name, spans, pieces.map(({ peaks }) => [...peaks])]);
const lanesOf = async (call, wanted = () => true) => drawn(await fetchLanes(call, wanted));

test("the binary form has peaks and speech lane after lane", () => {
  const { perSecond, duration, lanes } = parse(STEREO);
  assert.deepEqual([perSecond, duration], [20, 10]);
  assert.deepEqual(lanes.map(({ peaks }) => [...peaks]), [[1, 2, 3], [4, 5, 6]]);
  assert.deepEqual(lanes.map(({ spans }) => spans), [[[0.5, 1]], [[2, 4]]]);
});

const AGENT = ["agent", [[0.5, 1]], [[1, 2, 3]]];
const CUSTOMER = ["customer", [[2, 4]], [[4, 5, 6]]];

test("two legs that differ are the two lanes", async () => {
  serving({ agent: MINE, customer: THEIRS });
  assert.deepEqual(await lanesOf(new Call(facts(LEGS))), [AGENT, CUSTOMER]);
});

test("legs that hold the same sound are one lane, or give way to the mixed file", async () => {
  serving({ agent: MINE, customer: MINE, mixed: STEREO });
  for (const verdict of ["alike", "one sound"]) {
    const call = new Call(facts(LEGS, { verdict }));
    assert.deepEqual(await lanesOf(call), [["mixed", ...AGENT.slice(1)]]);
  }
  const call = new Call(facts({ ...LEGS, mixed: [[0, 10]] }, { verdict: "alike" }));
  assert.deepEqual(await lanesOf(call), [AGENT, CUSTOMER]);
});

test("the sides of a mixed file are lanes, changed over where they are swapped", async () => {
  serving({ mixed: STEREO });
  const mixed = (verdict) => new Call(facts({ mixed: [[0, 10]] }, { verdict }));
  assert.deepEqual(await lanesOf(mixed("")), [AGENT, CUSTOMER]);
  assert.deepEqual(await lanesOf(mixed("swapped")), [
    ["agent", ...CUSTOMER.slice(1)],
    ["customer", ...AGENT.slice(1)],
  ]);
  // The same on both sides: one lane, of the side on which more is said.
  for (const verdict of ["duplicate", "one sound"]) {
    assert.deepEqual(await lanesOf(mixed(verdict)), [["mixed", ...CUSTOMER.slice(1)]]);
  }
});

test("a mono file is one lane of both voices", async () => {
  serving({ mixed: MINE });
  assert.deepEqual(await lanesOf(new Call(facts({ mixed: [[0, 10]] }))), [
    ["mixed", ...AGENT.slice(1)],
  ]);
});

test("a leg that has no waveform hides nothing of the other", async () => {
  serving({ agent: MINE, customer: 404 });
  assert.deepEqual(await lanesOf(new Call(facts(LEGS))), [AGENT]);
  assert.deepEqual(await lanesOf(new Call(facts({ customer: [[0, 10]] }))), undefined);
  serving({ customer: THEIRS });
  assert.deepEqual(await lanesOf(new Call(facts({ customer: [[0, 10]] }))), [CUSTOMER]);
});

test("the files of a paused call stand at their places on its timeline", async () => {
  serving({ mixed: MINE });
  const call = new Call(facts({ mixed: [[0, 10], [40, 10]] }));
  const [lane] = await fetchLanes(call, () => true);
  assert.deepEqual(lane.spans, [[0.5, 1], [40.5, 41]]);
  assert.deepEqual(lane.pieces.map(({ start }) => start), [0, 40]);
});

test("a waveform tells the true length, but not that of a file decoded in part", async () => {
  for (const [told, known] of [[9.2, 10], [11, 11], [20, 20]]) {
    serving({ mixed: MINE });
    const call = new Call(facts({ mixed: [[0, told]] }));
    // What is shorter may have been decoded only in part.
    await fetchLanes(call, () => true);
    assert.equal(call.voices.mixed[0].duration, known);
  }
});

test("one that is being made is waited for, longer and longer, then the verdict is asked", async () => {
  const asked = serving({ mixed: [202, 503, 429, new TypeError("Failed to fetch"), STEREO] },
    facts({ mixed: [[0, 10]] }, { verdict: "swapped" }));
  const call = new Call(facts({ mixed: [[0, 10]] }));
  const [first] = await lanesOf(call);
  assert.deepEqual(waited, [1000, 1000, 2000, 3000]);
  assert.equal(asked.at(-1).address, call.place);
  assert.equal(call.verdict, "swapped");
  assert.deepEqual(first, ["agent", ...CUSTOMER.slice(1)]);
});

test("legs that are being made are compared by the verdict that comes with them", async () => {
  serving({ agent: [202, MINE], customer: [202, MINE] }, facts(LEGS, { verdict: "alike" }));
  assert.deepEqual(await lanesOf(new Call(facts(LEGS))), [["mixed", ...AGENT.slice(1)]]);
});

test("a verdict that cannot be had is the one the page told", async () => {
  answering((address) => {
    if (address.endsWith("/listening")) throw new TypeError("Failed to fetch");
    return waited.length ? new Response(STEREO) : new Response(null, { status: 202 });
  });
  const call = new Call(facts({ mixed: [[0, 10]] }, { verdict: "swapped" }));
  await fetchLanes(call, () => true);
  assert.equal(call.verdict, "swapped");
});

test("a file without a waveform says why, in the server's plain words alone", async () => {
  for (const [type, said] of [["text/plain", "This file has no audio."], ["text/html", undefined]]) {
    const answer = { status: 422, headers: { "Content-Type": type } };
    const call = new Call(facts({ mixed: [[0, 10]] }));
    const analysed = facts({ mixed: [[0, 10]] }, { remarks: ["Damaged."] });
    answering((address) =>
      address.endsWith("/listening")
        ? Response.json(analysed)
        : new Response("This file has no audio.\n", answer));
    await bringLanes(call, playerWith({ call }));
    assert.equal(call.noWaveform, said);
    assert.deepEqual(call.remarks, ["Damaged."], "the server knows more of the file by now");
  }
});

test("what is not made is given up after a while, and at once where nobody sees it", async () => {
  const asked = serving({ mixed: 202 });
  const call = new Call(facts({ mixed: [[0, 10]] }));
  assert.equal(await fetchLanes(call, () => true), null);
  assert.equal(asked.length, waited.length);
  assert.ok(waited.reduce((sum, ms) => sum + ms) > 120_000);

  const before = asked.length;
  assert.equal(await fetchLanes(call, () => false), null);
  assert.equal(asked.length, before);
});

test("lanes are brought once, the page is told, and a failure may be tried again", async () => {
  const events = [];
  for (const name of ["lanes", "lanes-ready"]) {
    document.body.addEventListener(name, () => events.push(name));
  }
  const call = new Call(facts({ mixed: [[0, 10]] }));
  const player = playerWith({ call });
  serving({ mixed: 404 });
  await bringLanes(call, player);
  assert.deepEqual([events, call.lanes], [["lanes"], null]);

  const asked = serving({ mixed: MINE });
  await Promise.all([bringLanes(call, player), bringLanes(call, player)]);
  await bringLanes(call, player);
  assert.equal(asked.length, 1);
  assert.deepEqual(events, ["lanes", "lanes", "lanes-ready"]);
  assert.equal(player.changed.mock.callCount(), 2);
});

test("a room that shows the call wants its lanes too; without any nobody asks", async () => {
  const call = new Call(facts({ mixed: [[0, 10]] }));
  document.querySelectorAll = mock.fn(() => [{ call }]);
  serving({ mixed: MINE });
  await bringLanes(call, playerWith({}));
  assert.equal(call.lanes.length, 1);

  const other = new Call(facts({ mixed: [[0, 10]] }));
  const asked = serving({ mixed: MINE });
  await bringLanes(other, playerWith({}));
  assert.equal(asked.length, 0);
  assert.equal(other.lanes, null);
});

test("lanes of files that were exchanged meanwhile are not the call's", async () => {
  const call = new Call(facts({ mixed: [[0, 10]] }));
  serving({ mixed: MINE });
  const coming = bringLanes(call, playerWith({ call }));
  call.takeOver(facts({ mixed: [[0, 10]], agent: [[0, 10]] }));
  await coming;
  await settled();
  assert.equal(call.lanes, null);
});
