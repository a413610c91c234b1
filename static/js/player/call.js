// A call as the player sees it: voices, each one or more files on a common timeline.

import { clamp } from "./format.js";

const LEAST_RANGE_S = 0.2;
const LEAST_SOUND_S = 0.05;
const LEAST_GAP_S = 0.5; // less is how the lengths of files are rounded
export const VOICES = ["mixed", "agent", "customer"];

export class Call {
  constructor(facts) {
    Object.assign(this, facts);
    this.heardSeconds = new Set();
    for (const [start, end] of parseRanges(facts.heard)) {
      for (let second = start; second < end; second += 1) this.heardSeconds.add(second);
    }
    // Seconds after the last part that can be played; the call has them all the same.
    this.rest = Math.max(0, this.length - this.#lastEnd());
    this.lanes = null; // see lanes_data.js
    this.list = null; // the library's query string, where the call was found in one
  }

  has(voice) {
    return voice in this.voices;
  }

  /** The voice that `recording` is a file of; undefined where it is none of this call's. */
  voiceOf(recording) {
    return Object.keys(this.voices).find((voice) =>
      this.voices[voice].some((part) => isOf(part, recording)),
    );
  }

  /**
   * Take over what the server knows by now, where that is more: recordings become ready one after
   * the other. A file that is known keeps its object, so that the sound goes on. True if it was.
   */
  takeOver({ voices, missing, length, verdict }) {
    const known = this.#partsByFile();
    if (Object.values(voices).flat().every(({ waveform }) => known.has(waveform))) return false;
    const kept = (part) => Object.assign(known.get(part.waveform) ?? {}, part);
    const taken = Object.entries(voices).map(([voice, parts]) => [voice, parts.map(kept)]);
    this.voices = { ...this.voices, ...Object.fromEntries(taken) };
    Object.assign(this, { missing, length, verdict, lanesComing: null });
    return true;
  }

  /** Take over what the server knows better by now of files that are known here. */
  correct({ voices, length, verdict, remarks }) {
    const known = this.#partsByFile();
    for (const { waveform, start, duration, problem = "" } of Object.values(voices).flat()) {
      Object.assign(known.get(waveform) ?? {}, { start, duration, problem });
    }
    Object.assign(this, { length, verdict, remarks });
    this.rest = Math.max(0, length - this.#lastEnd());
  }

  /** Parts by what names their file for good: the address of the sound ends as its kind. */
  #partsByFile() {
    return new Map(this.#parts().map((part) => [part.waveform, part]));
  }

  /** The voices with sound at `second`; in a gap, where none has any, all there are. */
  voicesAt(second) {
    // Kallglot may have words of its own for a channel; those come last.
    const others = Object.keys(this.voices).filter((voice) => !VOICES.includes(voice));
    const all = [...VOICES.filter((voice) => this.has(voice)), ...others];
    const here = all.filter((voice) => this.voices[voice].some(isAround(second)));
    return here.length ? here : all;
  }

  /** The voice to begin with: the one asked for if it is there, else both, else what there is. */
  voiceLike(wanted, second) {
    const here = this.voicesAt(second);
    return [wanted, this.channel, ...here].find((voice) => here.includes(voice));
  }

  /** The file that holds `second`, or, in a gap, the one after it; the last one beyond the end. */
  partAt(voice, second) {
    const parts = this.voices[voice];
    return parts.find((part) => second < part.start + part.duration - 0.005) ?? parts.at(-1);
  }

  /** Where it goes on after a part, in whatever voice; Infinity after the last one. */
  startAfter(part) {
    const starts = this.#parts().map(({ start }) => start);
    return Math.min(...starts.filter((start) => start > part.start));
  }

  /** Where no voice has sound: the call was paused, or a part of it cannot be played. */
  gaps() {
    return gapsBetween(this.#parts(), this.length);
  }

  /** Lengths became known better than the list told them. */
  measure() {
    this.length = this.#lastEnd() + this.rest;
  }

  #parts() {
    return Object.values(this.voices).flat();
  }

  #lastEnd() {
    return Math.max(...this.#parts().map((part) => part.start + part.duration));
  }

  clamp(second) {
    return clamp(second, 0, this.length);
  }

  /** The part of a range that lies within the call; null where that is too short to be heard. */
  range(asked) {
    const range = asked?.map((second) => this.clamp(second));
    return range && range[1] - range[0] >= LEAST_RANGE_S ? range : null;
  }

  /** Whether any of `range` is in a file of `voice`. */
  hasSound(voice, range) {
    const [from, to] = range ?? [0, 0];
    return this.voices[voice].some(
      ({ start, duration }) => start < to - LEAST_SOUND_S && start + duration > from + LEAST_SOUND_S,
    );
  }

  /** The address of the room at this second or range, and with this voice, for anybody. */
  address(second, end = null, voice = "") {
    const query = new URLSearchParams({ t: (Math.floor(second * 10) / 10).toString() });
    if (end !== null) query.set("to", (Math.ceil(end * 10) / 10).toString());
    if (this.has(voice)) query.set("channel", voice);
    return `${this.room}?${query}`;
  }

  /** The same for this listener, whose room stands in the list that the call was found in. */
  ownAddress(second) {
    const list = this.list ? `&${new URLSearchParams({ list: this.list })}` : "";
    return `${this.address(second)}${list}`;
  }
}

/** Whether a part has sound at `second`, but for how lengths are rounded. */
const isAround = (second) => ({ start, duration }) =>
  second > start - LEAST_GAP_S && second < start + duration + LEAST_GAP_S;

/** Whether the file is that of `recording`. */
export const isOf = (part, recording) => part.url.includes(`/${recording}/`);

/** Where none of the parts, { start, duration } in seconds, lies between 0 and `length`. */
export function gapsBetween(parts, length) {
  const found = [];
  let after = 0;
  const end = { start: length, duration: 0 };
  for (const { start, duration } of [...parts, end].sort((a, b) => a.start - b.start)) {
    if (start - after > LEAST_GAP_S) found.push([after, start]);
    after = Math.max(after, start + duration);
  }
  return found;
}

/** "0-12,40-41" -> [[0, 12], [40, 41]]. */
export function parseRanges(text) {
  return (text || "")
    .split(",")
    .filter(Boolean)
    .map((range) => range.split("-").map(Number));
}

/** What the server knows of a call; throws an Error with `status` where it may not be played. */
export async function fetchCall(address) {
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) {
    const plain = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
    const sentence = plain ? await answer.text() : "This call cannot be played.";
    throw Object.assign(new Error(sentence), { status: answer.status });
  }
  return new Call(await answer.json());
}
