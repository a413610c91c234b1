// The larger view of a part of the call: ruler, named lanes, the playhead, and ranges by dragging.
//
// For the eye and the pointer, but for the notes' flags: the strip is the slider that keys and
// screen readers use.

import { clamp, clock } from "./format.js";
import { drawLanes, fit, rulerStep } from "./lanes_draw.js";
import { Flags } from "./lanes_flags.js";
import { labels } from "./lanes_marks.js";
import { drawNotes } from "./lanes_notes.js";

const LEAST_S = 4;
const USUAL_S = 60;
const DRAG_PX = 4;
const NAMES = { agent: "Agent", customer: "Customer", mixed: "Both voices" };

export class Zoom {
  constructor(host) {
    this.host = host;
    this.span = null;
    this.root = document.createElement("div");
    this.root.className = "lanes-zoom";
    this.ruler = this.#add("div", "lanes-ruler");
    this.flags = new Flags(host, this.root);
    this.body = this.#add("div", "lanes-body");
    for (const seen of [this.ruler, this.body]) seen.setAttribute("aria-hidden", "true");
    this.canvas = this.#add("canvas", "lanes-canvas", this.body);
    this.labels = this.#add("div", "lanes-labels", this.body);
    this.names = this.#add("div", "lanes-names", this.body);
    this.range = this.#add("div", "lanes-range", this.body);
    this.head = this.#add("div", "lanes-head", this.body);
    this.#followPointer();
    host.append(this.root);
  }

  #add(tag, className, parent = this.root) {
    const element = document.createElement(tag);
    element.className = className;
    parent.append(element);
    return element;
  }

  /** [from, to] in seconds. */
  get view() {
    const { call } = this.host;
    if (!call) return [0, 1];
    const span = Math.min(this.span ?? USUAL_S, call.length || 1);
    const from = clamp(this.from ?? 0, 0, Math.max(0, call.length - span));
    return [from, from + span];
  }

  /** Show `factor` times as much of the call, around the playhead. */
  zoom(factor) {
    const { call, second } = this.host;
    if (!call) return;
    const [from, to] = this.view;
    const middle = second >= from && second <= to ? second : (from + to) / 2;
    const span = clamp((to - from) * factor, Math.min(LEAST_S, call.length), call.length);
    this.from = middle - ((middle - from) / (to - from)) * span;
    this.span = span;
    this.host.paintSoon();
  }

  paint() {
    const { call, colors } = this.host;
    fit(this.canvas);
    // Asked for here alone: in every frame it would make the browser lay out the page.
    this.width = this.body.clientWidth;
    const [from, to] = this.view;
    const { marks, notes = [] } = call ?? {};
    drawLanes(this.canvas, call?.lanes, { from, to, colors, gaps: call?.gaps(), marks });
    drawNotes(this.canvas, notes, { from, to, color: colors.note });
    this.flags.paint(from, to, this.width);
    this.labels.replaceChildren(...labels(call, from, to, this.width));
    this.#name(call?.lanes);
    this.#rule(from, to);
    this.place();
  }

  #name(lanes) {
    const words = (lanes ?? []).map((lane) => lane.name);
    if (this.named === words.join()) return;
    this.named = words.join();
    this.names.replaceChildren(
      ...words.map((word) => {
        const name = document.createElement("span");
        name.className = `lanes-name channel channel-${word}`;
        name.textContent = NAMES[word];
        return name;
      }),
    );
  }

  #rule(from, to) {
    const step = rulerStep(to - from, this.width || 1);
    const marks = [];
    for (let second = Math.ceil(from / step) * step; second <= to; second += step) {
      const mark = document.createElement("span");
      mark.style.left = `${((second - from) / (to - from)) * 100}%`;
      mark.textContent = clock(second, step < 1);
      marks.push(mark);
    }
    this.ruler.replaceChildren(...marks);
  }

  /** The playhead and the range; the view turns over like a page when the sound leaves it. */
  place() {
    const { call, second, range } = this.host;
    let [from, to] = this.view;
    if (call && this.dragFrom === undefined && (second < from || second > to - 0.02 * (to - from))) {
      const span = to - from;
      const turned = clamp(second - span * 0.1, 0, Math.max(0, call.length - span));
      if (Math.abs(turned - from) > 0.01) {
        this.from = turned;
        this.host.paintSoon();
        [from, to] = this.view;
      }
    }
    const share = (value) => (value - from) / (to - from);
    this.head.hidden = !call || second < from || second > to;
    this.head.style.transform = `translateX(${(share(second) * (this.width ?? 0)).toFixed(1)}px)`;
    const shown = this.dragRange ?? range;
    this.range.hidden = !shown;
    if (shown) {
      const [a, b] = shown.map((value) => clamp(share(value), 0, 1) * 100);
      this.range.style.left = `${a}%`;
      this.range.style.width = `${b - a}%`;
    }
  }

  #followPointer() {
    const at = (event) => {
      const box = this.body.getBoundingClientRect();
      const [from, to] = this.view;
      return from + clamp((event.clientX - box.left) / box.width, 0, 1) * (to - from);
    };
    const over = () => {
      this.dragFrom = this.dragRange = undefined;
    };
    this.body.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.host.call) return;
      this.body.setPointerCapture(event.pointerId);
      this.dragFrom = at(event);
      this.dragX = event.clientX;
    });
    this.body.addEventListener("pointermove", (event) => {
      if (this.dragFrom === undefined || Math.abs(event.clientX - this.dragX) < DRAG_PX) return;
      this.dragRange = [this.dragFrom, at(event)].sort((a, b) => a - b);
      this.place();
    });
    this.body.addEventListener("pointerup", () => {
      if (this.dragFrom === undefined) return;
      const { dragFrom, dragRange } = this;
      over();
      if (dragRange) this.host.askRange(dragRange);
      else this.host.ask(dragFrom);
    });
    this.body.addEventListener("pointercancel", () => {
      over();
      this.place();
    });
  }
}
