// The strip of the whole call: a slider, with the lanes, what was heard, and the playhead.

import { clamp, spoken } from "./format.js";
import { drawLanes, fit } from "./lanes_draw.js";
import { drawNoteFlags } from "./lanes_notes.js";

const PAGE_S = 30;

export class Strip {
  constructor(host, label) {
    this.host = host;
    this.root = document.createElement("div");
    this.root.className = "lanes-strip";
    for (const [name, value] of Object.entries({
      role: "slider",
      tabindex: "0",
      "aria-label": label,
      "aria-valuemin": "0",
      "aria-valuemax": "0",
      "aria-valuenow": "0",
      "aria-valuetext": "no call",
    })) {
      this.root.setAttribute(name, value);
    }
    this.canvas = this.#add("canvas", "lanes-canvas");
    this.heard = this.#add("canvas", "lanes-heard");
    this.window = this.#add("div", "lanes-window");
    this.range = this.#add("div", "lanes-range");
    this.head = this.#add("div", "lanes-head");
    this.root.addEventListener("keydown", (event) => this.#key(event));
    this.#followPointer();
    host.append(this.root);
  }

  #add(tag, className) {
    const element = document.createElement(tag);
    element.className = className;
    if (tag === "canvas") element.setAttribute("aria-hidden", "true");
    this.root.append(element);
    return element;
  }

  paint() {
    const { call } = this.host;
    fit(this.canvas);
    // Asked for here alone: in every frame it would make the browser lay out the page.
    this.width = this.root.clientWidth;
    const { colors } = this.host;
    const view = { from: 0, to: call?.length || 0, colors, mirrored: true };
    drawLanes(this.canvas, call?.lanes, { ...view, gaps: call?.gaps(), marks: call?.marks });
    drawNoteFlags(this.canvas, call?.notes ?? [], { from: 0, to: view.to, color: colors.note });
    this.root.classList.toggle("has-lanes", Boolean(call?.lanes));
    this.paintHeard();
    this.said = null; // who speaks may be known by now
    this.place();
  }

  paintHeard() {
    const { call } = this.host;
    fit(this.heard);
    const context = this.heard.getContext("2d");
    const { width, height } = this.heard;
    context.clearRect(0, 0, width, height);
    if (!call?.length) return;
    context.fillStyle = this.host.colors.heard;
    const second = width / call.length;
    for (const one of call.heardSeconds) context.fillRect(one * second, 0, second + 0.5, height);
    this.root.title = `Heard by you: ${Math.round(heardShare(call) * 100)} %`;
  }

  /** The playhead, the window of the larger view and the range. */
  place() {
    const { call, second, view, range } = this.host;
    const length = call?.length || 1;
    const share = (value) => `${(clamp(value / length, 0, 1) * 100).toFixed(3)}%`;
    const at = clamp((this.dragged ?? second) / length, 0, 1) * (this.width ?? 0);
    this.head.style.transform = `translateX(${at.toFixed(1)}px)`;
    this.head.hidden = !call;
    this.window.hidden = !view || !call || view[1] - view[0] >= length;
    if (!this.window.hidden) {
      this.window.style.left = share(view[0]);
      this.window.style.width = share(view[1] - view[0]);
    }
    this.range.hidden = !range;
    if (range) {
      this.range.style.left = share(range[0]);
      this.range.style.width = share(range[1] - range[0]);
    }
    this.#say(Math.floor(this.dragged ?? second));
  }

  #say(second) {
    const { call } = this.host;
    if (!call || this.said === second) return;
    this.said = second;
    const names = (call.lanes || [])
      .filter((lane) => lane.spans.some(([start, end]) => start <= second + 0.5 && second < end))
      .map((lane) => (lane.name === "mixed" ? "somebody" : lane.name));
    const who = names.length > 1 ? ", both speaking" : names.length ? `, ${names[0]} speaking` : "";
    this.root.setAttribute("aria-valuemax", Math.floor(call.length));
    this.root.setAttribute("aria-valuenow", second);
    const wordless = call.marks?.speech.some(({ start, end }) => start <= second + 0.5 && second < end);
    const words = wordless ? ", speech without words" : "";
    const noted = call.notes?.some(({ start }) => Math.floor(start) === second) ? ", a note" : "";
    const text = `${spoken(second)} of ${spoken(call.length)}${who}${words}${noted}`;
    this.root.setAttribute("aria-valuetext", text);
  }

  #followPointer() {
    const at = (event) => {
      const box = this.root.getBoundingClientRect();
      return clamp((event.clientX - box.left) / box.width, 0, 1) * (this.host.call?.length || 0);
    };
    // While dragging only the mark moves: each seek is a request or two.
    this.root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.host.call) return;
      this.root.setPointerCapture(event.pointerId);
      this.dragged = at(event);
      this.place();
    });
    this.root.addEventListener("pointermove", (event) => {
      if (this.dragged === undefined) return;
      this.dragged = at(event);
      this.place();
    });
    this.root.addEventListener("pointerup", () => {
      if (this.dragged === undefined) return;
      const second = this.dragged;
      this.dragged = undefined;
      this.host.ask(second);
    });
    this.root.addEventListener("pointercancel", () => {
      this.dragged = undefined;
      this.place();
    });
  }

  #key(event) {
    const { call, second } = this.host;
    if (!call || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 1 : 5;
    const target = {
      ArrowLeft: second - step,
      ArrowDown: event.shiftKey ? undefined : second - step,
      ArrowRight: second + step,
      ArrowUp: event.shiftKey ? undefined : second + step,
      PageUp: second + PAGE_S,
      PageDown: second - PAGE_S,
      Home: 0,
      End: call.length,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.host.ask(call.clamp(target));
  }
}

/** The share of the call's sound that was heard. */
export function heardShare(call) {
  const gaps = call.gaps().reduce((sum, [start, end]) => sum + end - start, 0);
  return Math.min(1, call.heardSeconds.size / Math.max(1, call.length - gaps));
}
