// Speech without words, and words without speech: where the sound of a call and its transcript
// differ. What the two are called and mean is said in templates/recordings/_transcript.html.

import { clamp } from "./format.js";

const LEAST_SPEECH_S = 1; // a shorter sound is a cough or a "mhm"
const PAUSE_S = 2; // between words that belong together
// The end of a turn is often not told. Then it lasts until the next one begins, but neither longer
// than its words take when said slowly nor, where somebody cuts in, shorter than when said quickly.
const SLOWLY = (letters) => 2 + letters / 4;
const QUICKLY = (letters) => letters / 15;

/**
 * lanes: as in lanes_data.js, each with its `gaps`: [[start, end]] where it has no sound that could
 * be looked at. turns in order: [{ start, end (NaN: not told), speaker, letters }] in the call's
 * seconds. near: how far the turns' times may be off.
 *
 * Returns { speech: [{ lane, start, end }], words: [turn] }.
 */
export function unmatched(lanes, turns, near) {
  const said = turns.map((turn, n) => ({ turn, ...between(turns, n, near) }));
  return {
    speech: lanes
      .flatMap(({ name, spans }) => {
        const words = said.filter(({ turn }) => lanesOf(turn, lanes).some((l) => l.name === name));
        return bridged(without(spans, joined(words))).map((found) => ({ lane: name, ...found }));
      })
      .sort((a, b) => a.start - b.start),
    words: turns.filter((turn) => {
      const from = turn.start - near;
      const to = (Number.isNaN(turn.end) ? turn.start : turn.end) + near;
      const touches = ([a, b]) => b > from && a < to;
      const own = lanesOf(turn, lanes);
      // Whoever was not recorded, or not here, cannot be missed.
      return own.length > 0 && !own.some(({ spans, gaps }) => [...spans, ...gaps].some(touches));
    }),
  };
}

/** The lanes that the turn may be on: its speaker's; all where the speaker is not told. */
export function lanesOf({ speaker }, lanes) {
  if (!["agent", "customer"].includes(speaker) || lanes[0]?.name === "mixed") return lanes;
  return lanes.filter(({ name }) => name === speaker);
}

/** From when to when speech may belong to the turn. */
function between(turns, n, near) {
  const { start, end, speaker, letters } = turns[n];
  if (!Number.isNaN(end)) return { from: start - near, to: end + near };
  let next = Number.POSITIVE_INFINITY; // where anybody's next turn begins, and the speaker's own
  let own = next;
  for (let m = n + 1; m < turns.length && own === Number.POSITIVE_INFINITY; m += 1) {
    if (turns[m].start <= start) continue;
    next = Math.min(next, turns[m].start);
    if (turns[m].speaker === speaker) own = turns[m].start;
  }
  const last = clamp(next, start + QUICKLY(letters), start + SLOWLY(letters));
  return { from: start - near, to: Math.min(last, own) + near };
}

/** Stretches in order and apart from each other. */
function joined(stretches) {
  const found = [];
  for (const { from, to } of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

/** What is left of the spans outside of the stretches, and the number of stretches before it. */
function without(spans, stretches) {
  const left = [];
  let after = 0;
  for (const [start, end] of spans) {
    while (after < stretches.length && stretches[after].to <= start) after += 1;
    let from = start;
    let n = after;
    for (; n < stretches.length && stretches[n].from < end; n += 1) {
      if (stretches[n].from > from) left.push({ start: from, end: stretches[n].from, before: n });
      from = Math.max(from, stretches[n].to);
    }
    if (from < end) left.push({ start: from, end, before: n });
  }
  return left;
}

/** Pieces that belong together as one, as far as they are long enough. */
function bridged(pieces) {
  const found = [];
  for (const { start, end, before } of pieces) {
    const last = found.at(-1);
    if (last && last.before === before && start - last.end < PAUSE_S) {
      last.end = end;
      last.spoken += end - start;
    } else {
      found.push({ start, end, before, spoken: end - start });
    }
  }
  return found
    .filter(({ spoken }) => spoken >= LEAST_SPEECH_S)
    .map(({ start, end }) => ({ start, end }));
}
