// Drawing lanes onto a canvas: bars of the loudest peak per column, in device pixels.

import { drawMarks } from "./lanes_marks.js";

/** Fit the canvas to its box in device pixels; whether anything changed. */
export function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  // Both edges are laid on whole pixels of the device: one more or less, and all bars are smeared.
  const { left, right } = canvas.getBoundingClientRect();
  const width = Math.round(right * ratio) - Math.round(left * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** The loudest peak between two seconds of the call; -1 where the lane has no sound at all. */
function loudest(lane, from, to) {
  let top = -1;
  for (const { start, perSecond, peaks } of lane.pieces) {
    const first = Math.max(0, Math.floor((from - start) * perSecond));
    const last = Math.min(peaks.length, Math.max(first + 1, Math.ceil((to - start) * perSecond)));
    if ((to - start) * perSecond <= 0) continue;
    for (let n = first; n < last; n += 1) if (peaks[n] > top) top = peaks[n];
  }
  return top;
}

/**
 * Draw `lanes` between the seconds `from` and `to`. mirrored: the first lane upwards and the
 * second downwards from a common middle; else each in its own row.
 */
export function drawLanes(canvas, lanes, view) {
  const { from, to, colors, mirrored = false, gaps = [], marks } = view;
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  if (!lanes?.length || to <= from || !width) return;
  const ratio = window.devicePixelRatio || 1;
  const bar = Math.max(1, Math.round(ratio * (mirrored ? 1 : 2)));
  const step = bar + Math.max(1, Math.round(ratio * (mirrored ? 0.5 : 1)));
  const perColumn = ((to - from) / width) * step;
  const row = mirrored ? height / 2 : height / lanes.length;
  const single = lanes.length === 1;
  lanes.forEach((lane, index) => {
    context.fillStyle = colors[lane.name];
    const middle = Math.round(mirrored ? (single ? height / 2 : row) : row * (index + 0.5));
    const room = mirrored ? row - ratio : row / 2 - ratio * 2;
    for (let x = 0, n = 0; x < width; x += step, n += 1) {
      const top = loudest(lane, from + n * perColumn, from + (n + 1) * perColumn);
      if (top < 0) continue;
      // Speech is quiet most of the time; the root makes it visible.
      const size = Math.max(1, Math.round(Math.max(ratio / 2, Math.sqrt(top / 127) * room)));
      if (mirrored && !single && index === 0) context.fillRect(x, middle - size, bar, size);
      else if (mirrored && !single) context.fillRect(x, middle, bar, size);
      else context.fillRect(x, middle - size, bar, size * 2);
    }
  });
  drawOverlaps(context, lanes, { from, to, width, height, color: colors.overlap });
  for (const [start, end] of gaps) {
    const [a, b] = [start, end].map((second) => ((second - from) / (to - from)) * width);
    if (b > 0 && a < width) hatch(context, Math.max(0, a), Math.min(width, b), height, colors.gap);
  }
  if (marks) drawMarks(context, marks, lanes, { from, to, width, height, color: colors.mark });
}

/** Tint where both speak at once. */
function drawOverlaps(context, lanes, { from, to, width, height, color }) {
  if (lanes.length !== 2) return;
  context.fillStyle = color;
  context.globalAlpha = 0.18;
  const [first, second] = lanes.map((lane) => lane.spans);
  let other = 0;
  for (const [start, end] of first) {
    while (other < second.length && second[other][1] <= start) other += 1;
    for (let n = other; n < second.length && second[n][0] < end; n += 1) {
      const a = Math.max(start, second[n][0]);
      const b = Math.min(end, second[n][1]);
      if (b <= from || a >= to) continue;
      const x = ((a - from) / (to - from)) * width;
      context.fillRect(x, 0, Math.max(1, ((b - a) / (to - from)) * width), height);
    }
  }
  context.globalAlpha = 1;
}

function hatch(context, left, right, height, color) {
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = window.devicePixelRatio || 1;
  context.globalAlpha = 0.6;
  context.beginPath();
  const step = 7 * context.lineWidth;
  for (let x = left - height; x < right; x += step) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

/** Seconds between the marks of a ruler, so that they are at least 70 CSS pixels apart. */
export function rulerStep(seconds, width) {
  const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  return steps.find((step) => (step / seconds) * width >= 70) ?? 7200;
}
