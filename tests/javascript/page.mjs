// The few things of a browser's page that the pure modules touch. To be imported before them.

import { mock } from "node:test";

/** Somewhere to keep strings, as localStorage is. */
class Shelf {
  #kept = new Map();
  getItem = (name) => this.#kept.get(name) ?? null;
  setItem = (name, value) => this.#kept.set(name, `${value}`);
  removeItem = (name) => this.#kept.delete(name);
}

const dock = { dataset: { person: "7" } };

/** A page that has just been loaded; what listened on the one before is not asked any more. */
export function loadPage() {
  globalThis.window = new EventTarget();
  globalThis.document = Object.assign(new EventTarget(), {
    body: Object.assign(new EventTarget(), { getAttribute: () => '{"X-CSRFToken": "token"}' }),
    cookie: "",
    getElementById: () => dock,
    querySelectorAll: () => [],
  });
  globalThis.localStorage = new Shelf();
  globalThis.sessionStorage = new Shelf();
}
loadPage();
globalThis.requestAnimationFrame = mock.fn(() => 1);
globalThis.cancelAnimationFrame = mock.fn();

/** The player as the modules around it know it; `facts` stand in for its own state. */
export function playerWith(facts) {
  const audio = Object.assign(new EventTarget(), { paused: false, seeking: false, readyState: 4 });
  const player = Object.assign(new EventTarget(), {
    audio,
    call: null,
    voice: "mixed",
    part: {},
    second: 0,
    rate: 1,
    range: null,
    looping: false,
    pending: null,
    emit: (name) => player.dispatchEvent(new Event(name)),
    seek: mock.fn((second) => (player.second = second)),
    changed: mock.fn(),
    stopsBefore: () => false,
    stop: mock.fn(),
    setLooping: mock.fn((on) => (player.looping = on)),
    ...facts,
  });
  Object.defineProperty(player, "playing", { get: () => !audio.paused });
  return player;
}

const STEP_MS = 100;

/** From now on intervals pass by hand alone: `pass(1000)` lets a second of them pass. */
export function intervalsByHand() {
  const waiting = new Map();
  let now = 0;
  let last = 0;
  globalThis.setInterval = (go, every) => {
    waiting.set((last += 1), { go, every });
    return last;
  };
  globalThis.clearInterval = (id) => waiting.delete(id);
  return (ms) => {
    for (const end = now + ms; now < end; ) {
      now += STEP_MS;
      for (const { go, every } of [...waiting.values()]) if (now % every === 0) go();
    }
  };
}

/** Answers requests in order by `respond(address, options)`; returns what was asked for. */
export function answering(respond) {
  const asked = [];
  globalThis.fetch = async (address, options = {}) => {
    asked.push({ address, ...options });
    return respond(address, options);
  };
  return asked;
}

/** Let everything that waits for nothing but promises come to its end. */
export const settled = () => new Promise((done) => setImmediate(done));
