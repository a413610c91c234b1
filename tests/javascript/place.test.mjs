import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { answering, intervalsByHand, loadPage, playerWith, settled } from "./page.mjs";
import { Call } from "../../static/js/player/call.js";
import { facts } from "./calls.mjs";

const { Place, leftInThisTab } = await import("../../static/js/player/place.js");

const TAKEN = 204;

let pass;
beforeEach(() => {
  loadPage();
  pass = intervalsByHand();
});

/** A player that plays, what its place posts, and the status that is answered. */
function playing(status = TAKEN) {
  const call = new Call(facts({ mixed: [[0, 100]] }));
  const player = playerWith({ call, second: 3 });
  const server = { status };
  const recovery = { signedOut: mock.fn() };
  const asked = answering(() => {
    if (server.status === 0) throw new TypeError("Failed to fetch");
    return new Response(null, { status: server.status });
  });
  const place = new Place(player, recovery);
  const told = () => asked.map(({ address, body }) => [address, body.get("heard")]);
  return { player, place, server, recovery, asked, told };
}

/** Let the sound go on to a second, as the ticks of the player tell of it. */
function hear(player, until) {
  for (; player.second < until; player.second = Number((player.second + 0.1).toFixed(1))) {
    player.emit("tick");
  }
  player.emit("tick");
}

async function pause(player) {
  player.audio.dispatchEvent(new Event("pause"));
  await settled();
}

async function another(player) {
  player.emit("leave");
  player.call = new Call(facts({ mixed: [[0, 50]] }, { place: "/sessions/sess_2/listening" }));
  player.second = 0;
  player.emit("call");
  await settled();
}

const HERE = "/sessions/sess_1/listening";
const THERE = "/sessions/sess_2/listening";

test("seconds that had sound are posted when it stops, with the place", async () => {
  const { player, asked, told } = playing();
  hear(player, 5.2);
  await pause(player);
  assert.deepEqual(told(), [[HERE, "3-6"]]);
  const [{ method, body, headers, keepalive }] = asked;
  assert.deepEqual([method, keepalive, headers["X-CSRFToken"]], ["POST", true, "token"]);
  assert.deepEqual([body.get("second"), body.get("channel"), body.get("person")],
    ["5.20", "mixed", "7"]);
  assert.deepEqual([...player.call.heardSeconds], [3, 4, 5]);
  await pause(player);
  assert.equal(asked.length, 1, "nothing is new");
});

test("what was jumped over was not heard", async () => {
  const { player, told } = playing();
  hear(player, 4.5);
  player.audio.dispatchEvent(new Event("seeking"));
  player.second = 6;
  hear(player, 7.2);
  player.second = 20; // a jump that no event told of
  hear(player, 20.5);
  await pause(player);
  assert.deepEqual(told(), [[HERE, "3-5,6-8,20-21"]]);
});

test("a timer of a hidden tab that comes once a second loses nothing", async () => {
  const { player, told } = playing();
  for (player.second = 3; player.second <= 6; player.second += 1) player.emit("tick");
  await pause(player);
  assert.deepEqual(told(), [[HERE, "3-7"]]);
});

test("without sound no second counts", async () => {
  for (const silence of [
    ({ audio }) => (audio.paused = true),
    ({ audio }) => (audio.seeking = true),
    ({ audio }) => (audio.readyState = 2),
    (player) => (player.pending = 9),
  ]) {
    const { player, told } = playing();
    silence(player);
    hear(player, 5);
    await pause(player);
    assert.deepEqual(told(), [[HERE, ""]]);
  }
});

test("while it plays the place is posted every ten seconds", async () => {
  const { player, told } = playing();
  hear(player, 5);
  pass(10_000);
  hear(player, 7.9);
  pass(10_000);
  await settled();
  assert.deepEqual(told(), [[HERE, "3-6"], [HERE, "5-8"]]);
});

for (const status of [0, 401, 429, 500, 503]) {
  test(`seconds that are answered with ${status} are told again`, async () => {
    const { player, server, recovery, told } = playing(status);
    hear(player, 5.2);
    await pause(player);
    assert.equal(recovery.signedOut.mock.callCount(), status === 401 ? 1 : 0);
    server.status = TAKEN;
    await pause(player);
    assert.deepEqual(told(), [[HERE, "3-6"], [HERE, "3-6"]]);
  });
}

test("seconds that are not understood are not told again", async () => {
  const { player, server, told } = playing(400);
  hear(player, 5.2);
  await pause(player);
  server.status = TAKEN;
  player.second = 9;
  await pause(player);
  assert.deepEqual(told(), [[HERE, "3-6"], [HERE, ""]]);
});

test("seconds of a call that gave way meanwhile are told once the portal takes some", async () => {
  const { player, place, server, told } = playing(503);
  hear(player, 5.2);
  await another(player);
  assert.equal(place.owed.length, 1);
  server.status = TAKEN;
  hear(player, 1.5);
  await pause(player);
  assert.deepEqual(told(), [[HERE, "3-6"], [THERE, "0-2"], [HERE, "3-6"]]);
  assert.deepEqual(place.owed, []);
});

test("while nothing plays what is owed is told by itself, until it is taken", async () => {
  const { player, place, server, told } = playing(503);
  hear(player, 4);
  await another(player);
  player.audio.paused = true;
  for (const [status, owed] of [[503, 1], [TAKEN, 0]]) {
    server.status = status;
    pass(10_000);
    await settled();
    assert.equal(place.owed.length, owed);
  }
  assert.deepEqual(told(), Array(3).fill([HERE, "3-5"]));
});

test("what is owed of the call that is at hand again goes with its next post", async () => {
  const { player, server, told } = playing(503);
  const { call } = player;
  hear(player, 4);
  await another(player);
  Object.assign(player, { call, second: 8 });
  player.emit("call");
  player.audio.paused = true;
  pass(10_000);
  server.status = TAKEN;
  await pause(player);
  assert.deepEqual(told(), [[HERE, "3-5"], [HERE, "3-5"]]);
});

test("at its end a call has been heard to its end", async () => {
  const { player, asked } = playing();
  Object.assign(player, { ended: true, second: 0 });
  player.audio.dispatchEvent(new Event("ended"));
  await settled();
  assert.equal(asked[0].body.get("second"), "100.00");
});

test("a page that is left leaves its call and what is owed to the next in the tab", async () => {
  const { player, place, server } = playing(503);
  player.call.list = "q=a";
  place.owed.push([THERE, new URLSearchParams({ heard: "0-2" })]);
  hear(player, 5.2);
  window.dispatchEvent(new Event("pagehide"));
  const [at, second, list, owed] = leftInThisTab();
  assert.deepEqual([at, second, list], [HERE, 5.2, "q=a"]);
  assert.deepEqual(owed.map(([to, body]) => [to, body.get("heard")]),
    [[THERE, "0-2"], [HERE, "3-6"]]);
  await settled();

  server.status = TAKEN;
  const next = playing();
  assert.equal(next.place.owed.length, 2);
});

test("a tab without a call leaves nothing", async () => {
  const { player } = playing();
  sessionStorage.setItem("player", "[]");
  player.call = null;
  window.dispatchEvent(new Event("pagehide"));
  await settled();
  assert.equal(sessionStorage.getItem("player"), null);
});

test("what another person left, or nobody can read, is not taken up", () => {
  sessionStorage.setItem("player", JSON.stringify(["8", HERE, 5, null, []]));
  assert.equal(leftInThisTab(), null);
  assert.equal(sessionStorage.getItem("player"), null);
  sessionStorage.setItem("player", "{broken");
  assert.equal(leftInThisTab(), null);
});

/** The form that signs out, as it is sent. */
async function signOut(answer) {
  const form = Object.assign(new EventTarget(), {
    action: "/accounts/logout/",
    matches: (selector) => selector === "form.whoami",
    submit: mock.fn(),
  });
  globalThis.FormData = class {};
  globalThis.location = { assign: mock.fn() };
  const { player, place } = playing();
  player.close = () => player.emit("leave");
  hear(player, 5.2);
  const asked = answering(answer);
  const event = Object.assign(new Event("submit", { cancelable: true }));
  Object.defineProperty(event, "target", { value: form });
  document.dispatchEvent(event);
  await settled();
  await settled();
  return { form, place, event, addresses: asked.map(({ address }) => address) };
}

test("signing out first tells what was heard, and leaves nothing behind", async () => {
  const { form, place, event, addresses } = await signOut((address) => {
    if (address === HERE) return new Response(null, { status: TAKEN });
    return { ok: true, url: "/accounts/login/" };
  });
  assert.ok(event.defaultPrevented);
  assert.deepEqual(addresses.slice(0, 2), [HERE, "/accounts/logout/"]);
  assert.deepEqual(location.assign.mock.calls[0].arguments, ["/accounts/login/"]);
  assert.equal(form.submit.mock.callCount(), 0);
  assert.deepEqual(place.owed, []);
});

test("a sign-out that fails is left to the browser, which shows why", async () => {
  const { form } = await signOut(() => ({ ok: false, status: 500, url: "/" }));
  assert.equal(form.submit.mock.callCount(), 1);
});
