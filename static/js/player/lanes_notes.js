// Notes on the lanes: a flag at a second, a band over a range. Open, resolved and private ones
// differ by shape, so that one colour is enough.

const FLAG_PX = 7; // of the strip: as wide as a flag, and the least distance of two
const BAND_PX = 4;
const LEVELS = 3; // of bands that overlap

// The one that is drawn where several fall together.
const ORDER = ["open", "private", "resolved"];

/** How a note is shown: "private", "resolved" or "open". */
export function kindOf(note) {
  if (note.resolved) return "resolved";
  return note.private ? "private" : "open";
}

/** Where a second lies on a canvas, in whole device pixels. */
const placer = ({ from, to, width }) => (second) =>
  Math.round(((second - from) / (to - from)) * width);

/** A length in CSS pixels as a whole number of the device's. */
const px = (length) => Math.max(1, Math.round(length * (window.devicePixelRatio || 1)));

/** The larger view of `from` to `to`: a pole at each note down through the lanes, bands on top. */
export function drawNotes(canvas, notes, { from, to, color }) {
  const { width, height } = canvas;
  if (!notes.length || to <= from || !width) return;
  const context = canvas.getContext("2d");
  const at = placer({ from, to, width });
  context.save();
  context.fillStyle = context.strokeStyle = color;
  for (const { start } of notes) {
    if (start < from || start > to) continue;
    context.globalAlpha = 0.55;
    context.fillRect(at(start), 0, px(1), height);
  }
  context.globalAlpha = 1;
  const ends = []; // by level, where the last band ended
  for (const note of notes) {
    if (note.end === null || note.end <= from || note.start >= to) continue;
    const free = ends.findIndex((end) => end <= note.start);
    const level = free >= 0 ? free : Math.min(ends.length, LEVELS - 1);
    ends[level] = note.end;
    const [left, right] = [at(note.start), at(note.end)];
    drawBand(context, kindOf(note), {
      left,
      width: Math.max(px(3), right - left),
      top: level * px(BAND_PX + 1),
      height: px(BAND_PX),
      line: px(1),
    });
  }
  context.restore();
}

/** Whole for an open note, hollow for a resolved one, broken for a private one. */
function drawBand(context, kind, { left, width, top, height, line }) {
  // What lies below would be taken for a part of it.
  context.clearRect(left, top, width, height);
  if (kind === "open") context.fillRect(left, top, width, height);
  else if (kind === "resolved") {
    context.lineWidth = line;
    context.strokeRect(left + line / 2, top + line / 2, width - line, height - line);
  } else {
    const [piece, pause] = [height * 2, height];
    for (let x = 0; x < width; x += piece + pause) {
      context.fillRect(left + x, top, Math.min(piece, width - x), height);
    }
  }
}

/** The strip of the whole call: small flags along its upper edge, ranges as lines below them. */
export function drawNoteFlags(canvas, notes, { from, to, color }) {
  const { width } = canvas;
  if (!notes.length || to <= from || !width) return;
  const context = canvas.getContext("2d");
  const at = placer({ from, to, width });
  const size = px(FLAG_PX);
  context.save();
  context.fillStyle = context.strokeStyle = color;
  context.lineWidth = px(1);
  for (const { start, end } of notes) {
    if (end === null) continue;
    context.clearRect(at(start), size + px(1), Math.max(px(2), at(end) - at(start)), px(4));
    context.fillRect(at(start), size + px(2), Math.max(px(2), at(end) - at(start)), px(2));
  }
  const columns = new Map();
  for (const note of notes) {
    const x = Math.min(at(note.start), width - size);
    const column = Math.floor(x / size);
    const before = columns.get(column);
    const kind = kindOf(note);
    const isFirst = !before || ORDER.indexOf(kind) < ORDER.indexOf(before.kind);
    if (isFirst) columns.set(column, { x, kind });
  }
  // The waveform makes room for all of them before the first is drawn.
  for (const { x } of columns.values()) context.clearRect(x - px(1), 0, size + px(1), size + px(1));
  for (const { x, kind } of columns.values()) drawFlag(context, kind, x, size, px(1));
  context.restore();
}

function drawFlag(context, kind, left, size, line) {
  context.beginPath();
  if (kind === "private") {
    const half = size / 2;
    context.moveTo(left + half, 0);
    context.lineTo(left + size, half);
    context.lineTo(left + half, size);
    context.lineTo(left, half);
    context.closePath();
    context.fill();
    return;
  }
  context.fillRect(left, 0, line, size + line);
  context.moveTo(left + line / 2, line / 2);
  context.lineTo(left + size - line / 2, size * 0.4);
  context.lineTo(left + line / 2, size * 0.8);
  context.closePath();
  if (kind === "open") context.fill();
  else context.stroke();
}

/**
 * The notes between `from` and `to`, where they are `width` wide, as they can be pressed: those
 * that are closer than `least` to the first of them belong to one flag. Returns [{ left, notes }].
 */
export function gathered(notes, { from, to, width, least }) {
  const shown = notes
    .filter(({ start, end }) => start <= to && (end ?? start) >= from)
    .map((note) => {
      // Whole pixels: crisp, and what is `least` apart here is so on the screen.
      const left = Math.round(((Math.max(note.start, from) - from) / (to - from)) * width);
      return { left: Math.min(left, Math.max(0, width - least)), note };
    })
    .sort((a, b) => a.left - b.left || a.note.start - b.note.start);
  const found = [];
  for (const { left, note } of shown) {
    const last = found.at(-1);
    if (last && left < last.left + least) last.notes.push(note);
    else found.push({ left, notes: [note] });
  }
  return found;
}
