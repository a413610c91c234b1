// <call-room>: the timeline of one call and its bar. It drives the player when that has this call
// at hand, and otherwise keeps a second of its own until somebody presses play.

import { Call } from "./call.js";
import { clock, secondsOf } from "./format.js";
import { bringLanes } from "./lanes_data.js";
import "./lanes_element.js";
import { leftInThisTab } from "./place.js";
import { player } from "./player.js";

const SAME_PLACE_S = 3;
// The address that Back or Forward led to, until a link leads elsewhere.
let cameBackTo = null;
window.addEventListener("popstate", () => (cameBackTo = location.href));
document.addEventListener("htmx:pushedIntoHistory", () => (cameBackTo = null));
// A page that is loaded anew goes on where this tab was, whatever second its address names.
const [loading] = performance.getEntriesByType("navigation");
let left = loading?.type === "navigate" ? null : leftInThisTab();
document.addEventListener("DOMContentLoaded", () => (left = null));

export class CallRoom extends HTMLElement {
  connectedCallback() {
    if (!player) return;
    this.stop = new AbortController();
    const { signal } = this.stop;
    const facts = JSON.parse(this.dataset.call);
    this.lanes = this.querySelector("call-lanes");
    const atHand = player.call?.id === facts.id;
    this.call = atHand ? player.call : new Call(facts);
    if (atHand && this.call.takeOver(facts)) player.emit("voices");
    this.#begin(atHand);
    this.addEventListener("click", (event) => this.#click(event), { signal });
    this.lanes.addEventListener("ask", ({ detail }) => this.seek(detail), { signal });
    this.lanes.addEventListener("ask-range", ({ detail }) => this.setRange(detail), { signal });
    for (const name of ["change", "call"]) {
      player.addEventListener(name, () => this.show(), { signal });
    }
    player.addEventListener("leave", () => this.isCurrent && this.#left(), { signal });
    for (const name of ["tick", "frame"]) {
      player.addEventListener(name, () => this.isCurrent && this.#move(), { signal });
    }
    const { body } = document;
    const heard = ({ detail }) => detail === this.call && this.lanes.strip.paintHeard();
    body.addEventListener("heard", heard, { signal });
    // With the waveform its length is known better.
    const measured = ({ detail }) => detail === this.call && this.show();
    body.addEventListener("lanes", measured, { signal });
    player.addEventListener("voices", () => this.#note(), { signal });
    this.#note();
    // Custom elements inside may not be there yet when the page was parsed at once.
    queueMicrotask(() => {
      this.lanes.show(this.call);
      this.show();
    });
  }

  disconnectedCallback() {
    this.stop?.abort();
  }

  /** Cue what the address asks for; never disturb another call that is at hand and playing. */
  #begin(atHand) {
    const query = new URLSearchParams(location.search);
    const [asked, until] = ["t", "to"].map((name) => secondsOf(query.get(name) ?? ""));
    const at = left?.[0] === this.call.place ? left[1] : asked;
    const named = Number.isFinite(at);
    this.cued = this.call.clamp(named ? at : this.call.second || 0);
    const voice = query.get("channel") ?? "";
    this.call.list = query.get("list") ?? "";
    this.voice = voice;
    if (atHand) {
      // Coming back to the call that plays is no wish to jump.
      if (location.href === cameBackTo) return;
      if (named && Math.abs(player.second - this.cued) > SAME_PLACE_S) player.seek(this.cued);
      if (voice) player.setVoice(voice);
    } else if (!player.wanted) {
      player.cue(this.call, this.cued, voice);
    }
    if (until > asked) this.setRange([asked, until], true);
  }

  /** The player gives the call up: it is as it was left there. */
  #left() {
    this.cued = this.call.second;
    this.voice = this.call.channel;
    this.ownRange = player.range;
    this.stopsAtEnd = player.stopAt !== null;
  }

  get isCurrent() {
    return player.call === this.call;
  }

  get second() {
    return this.isCurrent ? player.second : this.cued;
  }

  take() {
    if (!this.isCurrent) {
      player.cue(this.call, this.cued, this.voice);
      if (this.ownRange) player.setRange(this.ownRange, this.stopsAtEnd);
    }
  }

  toggle() {
    this.take();
    player.toggle();
  }

  seek(second, andPlay = false) {
    this.cued = this.call.clamp(second);
    if (andPlay) this.take();
    if (this.isCurrent) player.seek(second);
    if (andPlay) player.play();
    this.show();
  }

  setRange(range, stopsAtEnd = false) {
    this.ownRange = this.call.range(range);
    this.stopsAtEnd = stopsAtEnd;
    if (this.isCurrent) player.setRange(this.ownRange, stopsAtEnd);
    this.show();
  }

  /** An end of the range at this second. */
  #markRange(side) {
    const { second } = this;
    const [start, end] = this.range ?? [0, this.call.length];
    if (side === "start") this.setRange([second, end > second ? end : this.call.length]);
    else this.setRange([start < second ? start : 0, second]);
  }

  get range() {
    return this.isCurrent ? player.range : this.ownRange;
  }

  do(what) {
    const actions = {
      toggle: () => this.toggle(),
      previous: () => this.#turn(-1),
      next: () => this.#turn(1),
      loop: () => {
        this.take();
        player.setLooping(!player.looping);
        if (!this.call.hasSound(player.voice, this.range)) window.toast?.("There is no sound in this range.");
        if (player.looping && !player.wanted) player.play();
      },
      start: () => this.#markRange("start"),
      end: () => this.#markRange("end"),
      clear: () => this.setRange(null),
      "zoom-in": () => this.lanes.zoom.zoom(0.5),
      "zoom-out": () => this.lanes.zoom.zoom(2),
      link: () => {
        const voice = this.isCurrent ? player.voice : this.voice;
        copyLink(this.call, this.second, this.range, voice);
      },
    };
    actions[what]?.();
  }

  #click({ target }) {
    const button = target.closest("[data-room]");
    if (button) this.do(button.dataset.room);
  }

  #turn(direction) {
    document.querySelector("call-transcript")?.step(this, direction);
  }

  show() {
    const playing = this.isCurrent && player.wanted;
    const toggle = this.querySelector("[data-room=toggle]");
    toggle.firstElementChild.className = `icon icon-${playing ? "pause" : "play"}`;
    const label = this.querySelector("[data-room-label]");
    label.textContent = playing ? "Pause" : this.isCurrent ? "Play" : "Play this call";
    const { range } = this;
    this.lanes.setRange?.(range ?? null);
    this.querySelector("[data-room-range]").hidden = !range;
    if (range) {
      const words = `${clock(range[0], true)} – ${clock(range[1], true)}`;
      this.querySelector("[data-room-range-text]").textContent = words;
    }
    const loop = this.querySelector("[data-room=loop]");
    loop.setAttribute("aria-pressed", this.isCurrent && player.looping);
    const length = clock(Math.round(this.call.length));
    this.querySelector("[data-room-length]").textContent = length;
    const turns = document.querySelector(".turn[data-start]");
    for (const name of ["previous", "next"]) {
      this.querySelector(`[data-room=${name}]`).disabled = !turns;
    }
    this.#move();
  }

  #move() {
    this.lanes.move?.(this.second);
    const words = clock(this.second, true);
    const time = this.querySelector("[data-room-time]");
    if (time.textContent !== words) time.textContent = words;
    this.dispatchEvent(new CustomEvent("moved", { bubbles: true, detail: this.second }));
  }

  /** Say what there is not: voices, and after a while perhaps the waveform. */
  async #note() {
    const { call } = this;
    const note = this.querySelector("[data-room-note]");
    const sentences = () => [
      ...(call.remarks ?? []),
      ...Object.entries(call.missing).map(
        ([voice, why]) => `${voice[0].toUpperCase()}${voice.slice(1)}: ${why}.`,
      ),
    ];
    note.textContent = sentences().join(" ");
    const { voices } = call;
    await bringLanes(call, player);
    if (call.voices !== voices || !this.isConnected) return;
    const none = call.remarks?.length ? "" : call.noWaveform;
    const last = call.lanes ? [] : [none || "There is no waveform of this call."];
    note.textContent = [...sentences(), ...last].join(" ");
  }
}

/** Copy a link to a second or a range of a call, with the voice that is heard, and say so. */
export async function copyLink(call, second, range, voice) {
  const [from, to] = range ?? [second, null];
  const address = new URL(call.address(from, to, voice), location.href).href;
  try {
    await navigator.clipboard.writeText(address);
    window.toast?.(`Copied: the link to ${clock(from)}.`);
  } catch {
    window.toast?.(`Copy this link: ${address}`);
  }
}

customElements.define("call-room", CallRoom);
