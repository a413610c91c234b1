// <call-lanes>: a call to look at. data-view="strip" is the slider alone, "room" has the larger
// view below it. It plays nothing: it shows `second` and the current `note`, and asks by "ask",
// "ask-range" and "ask-note" events.

import { Strip } from "./lanes_strip.js";
import { Zoom } from "./lanes_zoom.js";

const INKS = ["agent", "customer", "mixed", "overlap", "gap", "heard", "mark", "note"];

export class CallLanes extends HTMLElement {
  call = null;
  second = 0;
  range = null;
  note = null; // the number of the current one
  colors = {};

  connectedCallback() {
    if (!this.strip) {
      this.inks = INKS.map((name) => {
        const ink = document.createElement("i");
        ink.className = `lane-ink lane-ink-${name}`;
        ink.hidden = true;
        this.append(ink);
        return [name, ink];
      });
      this.strip = new Strip(this, this.dataset.label);
      if (this.dataset.view === "room") this.zoom = new Zoom(this);
    }
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.resized = new ResizeObserver(() => this.paintSoon());
    this.resized.observe(this);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", () => this.paintSoon(true), { signal });
    }
    this.#watchRatio(signal);
    for (const name of ["lanes", "marks", "notes"]) {
      const paint = ({ detail }) => detail === this.call && this.paintSoon();
      document.body.addEventListener(name, paint, { signal });
    }
    this.paintSoon(true);
  }

  /** On another screen the same box has other pixels. */
  #watchRatio(signal) {
    const query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      this.paintSoon();
      this.#watchRatio(signal);
    };
    query.addEventListener("change", changed, { signal, once: true });
  }

  disconnectedCallback() {
    this.stop.abort();
    this.resized.disconnect();
  }

  // Being moved is neither an end nor a beginning.
  connectedMoveCallback() {}

  show(call) {
    if (this.call === call) return;
    this.call = call;
    this.range = this.note = null;
    this.paintSoon();
  }

  get view() {
    return this.zoom?.view;
  }

  /** The sound is at `second`. */
  move(second) {
    this.second = second;
    this.strip.place();
    this.zoom?.place();
  }

  setRange(range) {
    this.range = range;
    this.strip.place();
    this.zoom?.place();
  }

  setNote(number) {
    if (this.note === number) return;
    this.note = number;
    this.zoom?.flags.show();
  }

  ask(second) {
    this.dispatchEvent(new CustomEvent("ask", { detail: second }));
  }

  askRange(range) {
    this.dispatchEvent(new CustomEvent("ask-range", { detail: range }));
  }

  askNote(note) {
    this.dispatchEvent(new CustomEvent("ask-note", { bubbles: true, detail: note }));
  }

  paintSoon(newColors = false) {
    this.newColors ||= newColors;
    this.painting ??= requestAnimationFrame(() => {
      this.painting = undefined;
      if (!this.isConnected) return;
      if (this.newColors) {
        // Colours are read from elements: only there `light-dark()` and forced colours are resolved.
        for (const [name, ink] of this.inks) this.colors[name] = getComputedStyle(ink).color;
        this.newColors = false;
      }
      this.strip.paint();
      this.zoom?.paint();
    });
  }
}

customElements.define("call-lanes", CallLanes);
