// Tells the server where the listener is and which seconds were really played.

import { parseRanges } from "./call.js";
import { csrfToken, person } from "./store.js";
import { tellTabs } from "./system.js";

const EVERY_MS = 10_000;
const TAKEN = 204;
const MISUNDERSTOOD = 400; // it would be so again, whatever is asked with it
const SIGN_OUT_MS = 2_000; // nobody waits longer for their last seconds to be kept

export class Place {
  constructor(player, recovery) {
    this.player = player;
    this.recovery = recovery;
    this.fresh = new Set(); // seconds heard since the last post
    // [place, body]: what was not taken of calls that are no longer at hand
    this.owed = leftInThisTab()?.[3] ?? [];
    this.told = new Set(); // such pairs, until they are answered
    this.before = null;
    player.addEventListener("tick", () => this.#note());
    player.addEventListener("leave", () => (this.posted = this.post()));
    player.addEventListener("call", () => this.#restart());
    for (const name of ["pause", "ended"]) player.audio.addEventListener(name, () => this.post());
    player.audio.addEventListener("seeking", () => (this.before = null));
    setInterval(() => (player.playing ? this.post() : this.#tellOwed()), EVERY_MS);
    window.addEventListener("pagehide", () => {
      this.post();
      this.#keepForThisTab();
    });
    document.addEventListener("submit", (event) => this.#beforeSignOut(event));
  }

  #restart() {
    this.fresh.clear();
    this.before = null;
    this.last = null;
  }

  #note() {
    const { player } = this;
    const { audio, pending } = player;
    // Without data to go on there is no sound, whatever second is shown meanwhile.
    if (!player.playing || audio.seeking || pending !== null || audio.readyState < 3) {
      this.before = null;
      return;
    }
    const now = player.second;
    const passed = this.before === null ? 0 : now - this.before;
    // Timers of a tab in the background come once a second; a larger step was a jump.
    if (passed > 0 && passed <= 2.5 * player.rate) {
      for (let second = Math.floor(this.before); second <= Math.floor(now); second += 1) {
        this.fresh.add(second);
        if (!player.call.heardSeconds.has(second)) {
          player.call.heardSeconds.add(second);
          player.call.heardChanged = true;
        }
      }
    }
    this.before = now;
  }

  async post() {
    const { player } = this;
    const { call, voice } = player;
    if (!call || (!player.part && !this.fresh.size)) return;
    const second = player.ended ? call.length : player.second;
    const key = `${second.toFixed(1)} ${voice}`;
    if (key === this.last && !this.fresh.size) return;
    this.last = key;
    const heard = ranges(this.fresh);
    this.fresh.clear();
    const body = new URLSearchParams({ second: second.toFixed(2), channel: voice, heard, person });
    const told = [call.place, body];
    this.told.add(told);
    const status = await tell(...told);
    this.told.delete(told);
    if (status === TAKEN) this.#tellOwed();
    if (status === TAKEN || status === MISUNDERSTOOD) return;
    if (player.call !== call) {
      if (passes(status)) this.owed.push([call.place, body]);
      return;
    }
    // Told with the next post; the seconds are kept for it.
    this.last = null;
    for (const one of seconds(heard)) this.fresh.add(one);
    if (status === 401) this.recovery.signedOut();
  }

  async #tellOwed() {
    for (const [place, body] of this.owed.splice(0)) {
      if (this.player.call?.place === place) {
        for (const one of seconds(body.get("heard"))) this.fresh.add(one);
      } else if (passes(await tell(place, body))) this.owed.push([place, body]);
    }
  }

  /** After it nobody would take what was heard, and no tab is to hold anything of this person. */
  async #beforeSignOut(event) {
    const form = event.target;
    if (!form.matches("form.whoami")) return;
    event.preventDefault();
    this.player.close();
    await Promise.race([this.posted, new Promise((go) => setTimeout(go, SIGN_OUT_MS))]);
    this.owed = [];
    this.told.clear();
    try {
      const sent = { method: "POST", body: new FormData(form) };
      const { url, ok } = await fetch(form.action, sent);
      if (!ok) throw new Error(url);
      tellTabs("");
      location.assign(url);
    } catch {
      form.submit(); // the browser shows what is the matter
    }
  }

  /** A full page load ends the sound; the same tab then has the call at hand again. */
  #keepForThisTab() {
    const { player } = this;
    try {
      const { place, list } = player.call ?? {};
      const owed = [...this.owed, ...this.told].map(([to, body]) => [to, `${body}`]);
      const left = [person, place, player.ended ? 0 : player.second, list, owed];
      if (!player.call && !owed.length) sessionStorage.removeItem("player");
      else sessionStorage.setItem("player", JSON.stringify(left));
    } catch {
      // Without storage the call is simply not at hand.
    }
  }
}

/**
 * [place, second, list] of the call that was at hand, if this person left one, and what is owed:
 * [place, body] of what the portal may not have taken.
 */
export function leftInThisTab() {
  try {
    const [whose, place, second, list, owed = []] =
      JSON.parse(sessionStorage.getItem("player")) ?? [];
    const bodies = owed.map(([to, text]) => [to, new URLSearchParams(text)]);
    if (whose === person) return [place, second, list, bodies];
    sessionStorage.removeItem("player");
    return null;
  } catch {
    return null;
  }
}

/** The answer's status, 0 where the portal cannot be reached. */
async function tell(place, body) {
  const headers = { "X-CSRFToken": csrfToken() };
  try {
    return (await fetch(place, { method: "POST", body, headers, keepalive: true })).status;
  } catch {
    return 0;
  }
}

/** Whether it may be taken another time. */
const passes = (status) => status === 0 || status === 401 || status === 429 || status >= 500;

function ranges(set) {
  const sorted = [...set].sort((a, b) => a - b);
  const found = [];
  for (const second of sorted) {
    const last = found.at(-1);
    if (last && last[1] === second) last[1] = second + 1;
    else found.push([second, second + 1]);
  }
  return found.map(([start, end]) => `${start}-${end}`).join(",");
}

function* seconds(text) {
  for (const [start, end] of parseRanges(text)) {
    for (let second = start; second < end; second += 1) yield second;
  }
}
