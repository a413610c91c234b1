// Skipping silence: what may be left out of a call, by the speech on its lanes.

import { remember, remembered } from "./store.js";

const LEAST_S = 1.2; // shorter silences are how people talk
const KEPT_S = 0.25; // of each side, so that words are not cut

/** The lanes on which everything can be seen that is heard with `voice`; null without them. */
function lanesOf(call, voice) {
  if (!call?.lanes) return null;
  const isBoth = call.lanes.length > 1 || call.lanes[0].name === "mixed";
  const own = call.lanes.filter(({ name }) => name === voice);
  if (own.length) return own;
  return isBoth ? call.lanes : null;
}

/** The stretches to leave out when `voice` is heard: [[start, end]]; null without its lanes. */
export function silences(call, voice) {
  const lanes = lanesOf(call, voice);
  if (!lanes) return null;
  const spans = lanes.flatMap((lane) => lane.spans).sort((a, b) => a[0] - b[0]);
  if (!spans.length) return [];
  const found = [];
  let after = 0;
  for (const [start, end] of [...spans, [call.length, call.length]]) {
    if (start - after >= LEAST_S) {
      const last = start === call.length;
      found.push([after ? after + KEPT_S : 0, last ? start : start - KEPT_S]);
    }
    after = Math.max(after, end);
  }
  return found;
}

/** Seconds that skipping saves; gaps of a paused call are not played anyway. */
export function saved(call, stretches) {
  const gaps = call.gaps();
  const overlap = ([a, b]) =>
    gaps.reduce((sum, [c, d]) => sum + Math.max(0, Math.min(b, d) - Math.max(a, c)), 0);
  return stretches.reduce((sum, span) => sum + span[1] - span[0] - overlap(span), 0);
}

export class SilenceSkipper {
  constructor(player) {
    this.player = player;
    this.on = remembered("skip", false);
    player.addEventListener("tick", () => this.#look());
    player.addEventListener("call", () => (this.cached = null));
  }

  get stretches() {
    const { call, voice } = this.player;
    if (!call?.lanes) return null;
    if (this.cached?.lanes !== call.lanes || this.cached.voice !== voice) {
      this.cached = { lanes: call.lanes, voice, found: silences(call, voice) };
    }
    return this.cached.found;
  }

  set(on) {
    this.on = on;
    remember("skip", on);
  }

  /** Seconds that skipping saves in the whole call, at normal speed. */
  saves() {
    return saved(this.player.call, this.stretches);
  }

  /** Seconds of sound that are left at normal speed from `second` on. */
  left(second) {
    const { call } = this.player;
    const gaps = call.gaps().map(([a, b]) => Math.max(0, b - Math.max(a, second)));
    const rest = call.length - second - gaps.reduce((sum, gap) => sum + gap, 0);
    if (!this.on || !this.stretches) return Math.max(0, rest);
    const ahead = this.stretches
      .filter(([, end]) => end > second)
      .map(([start, end]) => [Math.max(start, second), end]);
    return Math.max(0, rest - saved(call, ahead));
  }

  #look() {
    const { player } = this;
    if (!this.on || !player.playing || player.audio.seeking || !this.stretches) return;
    const { second } = player;
    const inside = this.stretches.find(([start, end]) => start <= second && second < end - 0.1);
    if (!inside) return;
    const { looping, range } = player;
    if (player.stopsBefore(inside[1])) player.stop();
    else if (!looping || inside[1] < range[1]) player.seek(inside[1]);
    // A loop that ends in silence begins anew; one of nothing but silence is played.
    else if (inside[0] > range[0]) player.seek(range[0]);
  }
}
