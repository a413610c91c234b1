// Where sound and words differ, on the lanes: a dashed frame, and in the larger view its name.

const NAMES = { speech: "no words", words: "no speech" };
const LABEL_PX = 62;

/** Every mark in order as { kind, start, end, row }; row: of which lane, -1 of all. */
function all(marks, lanes) {
  const row = (name) => (lanes.length > 1 ? lanes.findIndex((lane) => lane.name === name) : -1);
  return Object.keys(NAMES)
    .flatMap((kind) =>
      marks[kind].map(({ lane, start, end }) => ({ kind, start, end, row: row(lane) })),
    )
    .sort((a, b) => a.start - b.start);
}

/** Frames on a canvas that shows the seconds `from` to `to`, each lane in its own row. */
export function drawMarks(context, marks, lanes, { from, to, width, height, color }) {
  const line = 1.5 * (window.devicePixelRatio || 1);
  context.save();
  context.strokeStyle = color;
  context.lineWidth = line;
  context.setLineDash([3 * line, 2 * line]);
  for (const { start, end, row } of all(marks, lanes)) {
    if (end <= from || start >= to) continue;
    const [a, b] = [start, end].map((second) => ((second - from) / (to - from)) * width);
    const tall = row < 0 ? height : height / lanes.length;
    const top = Math.max(0, row) * tall;
    context.strokeRect(a, top + line, Math.max(2 * line, b - a), tall - 2 * line);
  }
  context.restore();
}

/** The names of the marks between `from` and `to`, where there is room for them. */
export function labels(call, from, to, width) {
  if (!call?.marks || !call.lanes) return [];
  const found = [];
  const free = new Map(); // by row, where the last name ended
  for (const { kind, start, end, row } of all(call.marks, call.lanes)) {
    const left = ((Math.max(start, from) - from) / (to - from)) * width;
    if (end <= from || start >= to || left < (free.get(row) ?? 0)) continue;
    free.set(row, left + LABEL_PX);
    const label = document.createElement("span");
    label.className = "lanes-label";
    label.textContent = NAMES[kind];
    label.style.left = `${left}px`;
    label.style.bottom = row === 0 ? "50%" : "0";
    found.push(label);
  }
  return found;
}
