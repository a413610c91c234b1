// Lines and words in the transcript where it and the sound differ; see unmatched.js.

import { gapsBetween } from "./call.js";
import { clock } from "./format.js";
import { unmatched } from "./unmatched.js";

const NAMES = { agent: "Agent", customer: "Customer", mixed: "Somebody" };

/** A turn of whose length nothing is told is drawn a second long. */
const onLane = ({ speaker, start, end }) => ({
  lane: speaker,
  start,
  end: Number.isNaN(end) ? start + 1 : end,
});

/** Where a lane has no sound: a part of the call that cannot be played, or was not recorded. */
function gapsOf({ pieces }, length) {
  const parts = pieces.map(({ start, perSecond, peaks }) => ({
    start,
    duration: peaks.length / perSecond,
  }));
  return gapsBetween(parts, length);
}

export class Marks {
  constructor(transcript) {
    this.transcript = transcript;
  }

  /** Mark the turns, add lines for what has no words, and tell the lanes by `call.marks`. */
  show(call) {
    const { transcript } = this;
    if (this.shown === call.lanes) return;
    this.shown = call.lanes;
    const { turns } = transcript;
    // An end beside an approximate start is only where the next turn begins.
    const guessed = transcript.dataset.approximate === "yes";
    const told = turns.map(({ element }) => ({
      element,
      start: Number(element.dataset.start),
      end: guessed ? Number.NaN : Number(element.dataset.end ?? Number.NaN),
      speaker: element.dataset.speaker,
      letters: element.querySelector(".turn-original [dir]")?.textContent.length ?? 0,
    }));
    const lanes = call.lanes.map((lane) => ({ ...lane, gaps: gapsOf(lane, call.length) }));
    const found = unmatched(lanes, told, Number(transcript.dataset.near));
    for (const { element } of found.words) this.#add(element, "No speech is heard near these words");
    const lines = found.speech.map((speech) => this.#line(call, speech, told));
    transcript.turns = [...turns, ...lines].sort((a, b) => a.start - b.start);
    for (const [kind, number] of [["speech", found.speech.length], ["words", found.words.length]]) {
      const note = transcript.section.querySelector(`[data-unmatched=${kind}]`);
      note.hidden = !number;
      note.firstElementChild.textContent = `${number} ×`;
    }
    call.marks = { speech: found.speech, words: found.words.map(onLane) };
    document.body.dispatchEvent(new CustomEvent("marks", { detail: call }));
  }

  #add(element, words) {
    const mark = document.createElement("p");
    mark.className = "turn-mark";
    mark.textContent = words;
    element.classList.add("turn-unmatched");
    element.querySelector(".turn-words").append(mark);
  }

  /** A line of its own where somebody speaks without words. */
  #line(call, { lane, start, end }, told) {
    const element = document.createElement("li");
    element.className = "turn";
    Object.assign(element.dataset, { start: start.toFixed(3), end: end.toFixed(3), speaker: lane });
    const time = document.createElement("span");
    time.className = "turn-time";
    const link = document.createElement("a");
    link.href = call.address(start);
    link.textContent = clock(start);
    time.append(link);
    const speaker = document.createElement("span");
    speaker.className = `turn-speaker channel channel-${lane}`;
    speaker.textContent = NAMES[lane];
    const words = document.createElement("div");
    words.className = "turn-words";
    element.append(time, speaker, words);
    this.#add(element, `Speech without words, ${(end - start).toFixed(1)} seconds`);
    const next = told.find((turn) => turn.start > start);
    this.transcript.list.insertBefore(element, next?.element ?? null);
    return { element, start: Math.max(0, start - 0.1), end, isMark: true };
  }
}
