import assert from "node:assert/strict";
import { test } from "node:test";

import { Call, fetchCall, gapsBetween, isOf, parseRanges } from "../../static/js/player/call.js";
import { facts, part } from "./calls.mjs";
import { answering } from "./page.mjs";

const PAUSED = { mixed: [[0, 10], [40, 20]], agent: [[0, 10]], customer: [[0, 10], [40, 20]] };

test("heard seconds are read from ranges", () => {
  assert.deepEqual(parseRanges("0-12,40-41"), [[0, 12], [40, 41]]);
  for (const nothing of ["", null, undefined]) assert.deepEqual(parseRanges(nothing), []);
  const call = new Call(facts(PAUSED, { heard: "3-5,40-41" }));
  assert.deepEqual([...call.heardSeconds], [3, 4, 40]);
});

test("a gap is where no file lies, but for how lengths are rounded", () => {
  const parts = [[40, 20], [0, 10], [10.4, 5]].map(([start, duration]) => ({ start, duration }));
  assert.deepEqual(gapsBetween(parts, 60), [[15.4, 40]]);
  assert.deepEqual(gapsBetween(parts, 70), [[15.4, 40], [60, 70]]);
  assert.deepEqual(gapsBetween([], 5), [[0, 5]]);
  assert.deepEqual(new Call(facts(PAUSED)).gaps(), [[10, 40]]);
});

test("the voices at a second are those with sound; in a gap all there are", () => {
  const call = new Call(facts(PAUSED));
  assert.deepEqual(call.voicesAt(5), ["mixed", "agent", "customer"]);
  assert.deepEqual(call.voicesAt(50), ["mixed", "customer"]);
  assert.deepEqual(call.voicesAt(25), ["mixed", "agent", "customer"]);
});

test("the voice to begin with is the one asked for, the page's, or the first with sound", () => {
  const call = new Call(facts(PAUSED, { channel: "customer" }));
  assert.equal(call.voiceLike("agent", 5), "agent");
  assert.equal(call.voiceLike("agent", 50), "customer");
  assert.equal(call.voiceLike("nobody", 5), "customer");
  assert.equal(new Call(facts(PAUSED)).voiceLike("", 50), "mixed");
});

test("a second is in its file, in a gap in the next one, beyond the end in the last", () => {
  const call = new Call(facts(PAUSED));
  const starts = [0, 9.99, 9.996, 20, 45, 99].map((second) => call.partAt("mixed", second).start);
  assert.deepEqual(starts, [0, 0, 40, 40, 40, 40]);
  assert.equal(call.startAfter(call.voices.mixed[0]), 40);
  assert.equal(call.startAfter(call.voices.mixed[1]), Number.POSITIVE_INFINITY);
});

test("a range lies within the call, or there is none", () => {
  const call = new Call(facts({ mixed: [[0, 26.208]] }));
  for (const [asked, range] of [
    [[4, 9], [4, 9]],
    [[4, 3600], [4, 26.208]],
    [[-9, 5], [0, 5]],
    [[14, 9], null],
    [[-9, -3], null],
    [[500, 600], null],
    [[-9, 0.1], null],
    [null, null],
  ]) {
    assert.deepEqual(call.range(asked) ?? null, range);
  }
  assert.deepEqual([-1, 5, 99].map((second) => call.clamp(second)), [0, 5, 26.208]);
});

test("a range has sound where a file of the voice is in it for long enough to be heard", () => {
  const call = new Call(facts(PAUSED));
  assert.ok(call.hasSound("mixed", [5, 6]));
  assert.ok(call.hasSound("mixed", [9, 50]));
  assert.ok(!call.hasSound("mixed", [12, 38]));
  assert.ok(!call.hasSound("mixed", [9.98, 30]));
  assert.ok(!call.hasSound("agent", [41, 50]));
  assert.ok(!call.hasSound("mixed", null));
});

test("lengths that become known better move the end, and what cannot be played stays", () => {
  const call = new Call(facts({ mixed: [[0, 10]] }, { length: 15 }));
  call.voices.mixed[0].duration = 12;
  call.measure();
  assert.equal(call.length, 17);
});

test("an address has tenths of a second and a voice, and the list only for oneself", () => {
  const call = new Call(facts({ mixed: [[0, 10]] }));
  assert.equal(call.address(3.27), "/sessions/sess_1/?t=3.2");
  assert.equal(call.address(3, 5.31), "/sessions/sess_1/?t=3&to=5.4");
  assert.equal(call.address(3, null, "mixed"), "/sessions/sess_1/?t=3&channel=mixed");
  assert.equal(call.address(3, null, "agent"), "/sessions/sess_1/?t=3", "it has no such voice");
  assert.equal(call.address(3, 5, "mixed"), "/sessions/sess_1/?t=3&to=5&channel=mixed");
  assert.equal(call.address(3, null, "agent"), "/sessions/sess_1/?t=3", "a voice it does not have");
  assert.equal(call.ownAddress(3), "/sessions/sess_1/?t=3");
  call.list = "q=a&b";
  assert.equal(call.ownAddress(3), "/sessions/sess_1/?t=3&list=q%3Da%26b");
});

test("files that have become ready are taken over, and a known one keeps its object", () => {
  const call = new Call(facts({ agent: [[0, 10]] }, { missing: ["mixed"] }));
  const [agent] = call.voices.agent;
  assert.equal(call.takeOver(facts({ agent: [[0, 10]] })), false);
  assert.deepEqual(call.missing, ["mixed"]);

  assert.equal(call.takeOver(facts({ agent: [[0, 11]], mixed: [[0, 10]] })), true);

  assert.equal(call.voices.agent[0], agent);
  assert.equal(agent.duration, 11);
  assert.equal(call.voiceOf("rec_mixed_0"), "mixed");
  assert.equal(call.voiceOf("rec_mixed"), undefined);
  assert.deepEqual(call.missing, []);
  assert.ok(isOf(part("mixed", 0, 1), "rec_mixed_0"));
});

test("what the server knows better by now corrects the files and the end of the call", () => {
  const call = new Call(facts({ mixed: [[0, 10]] }));
  const [mixed] = call.voices.mixed;
  const better = facts({ mixed: [[0, 12]], agent: [[0, 12]] }, { length: 15, verdict: "swapped" });
  better.voices.mixed[0].problem = "GSM";
  call.correct({ ...better, remarks: ["Cut off."] });

  assert.equal(call.voices.mixed[0], mixed);
  assert.deepEqual([mixed.duration, mixed.problem], [12, "GSM"]);
  assert.ok(!call.has("agent"), "a file that is new is not taken over by this");
  assert.deepEqual([call.length, call.rest, call.verdict], [15, 3, "swapped"]);
  assert.deepEqual(call.remarks, ["Cut off."]);
});

test("a channel that only Kallglot has a word for comes last", () => {
  const call = new Call(facts({ supervisor: [[0, 10]], agent: [[0, 10]], mixed: [[0, 10]] }));
  assert.deepEqual(call.voicesAt(5), ["mixed", "agent", "supervisor"]);
});

test("a call that may not be played says why, in the server's plain words alone", async () => {
  const text = (body, status, type) =>
    new Response(body, { status, headers: { "Content-Type": type } });
  answering(() => Response.json(facts({ mixed: [[0, 10]] })));
  assert.equal((await fetchCall("/listening")).length, 10);

  answering(() => text("Not yet.", 409, "text/plain; charset=utf-8"));
  await assert.rejects(fetchCall("/listening"), { status: 409, message: "Not yet." });

  answering(() => text("<h1>Error</h1>", 502, "text/html"));
  await assert.rejects(fetchCall("/listening"), { status: 502, message: /cannot be played/ });
});
