// Search in the words of a transcript that are shown: hits are marked, counted, and gone through
// with Enter.

import { folded, placesOf } from "./folding.js";

const SHOWN = { original: ".turn-original", translation: ".turn-translation" };
// An hour has a thousand turns: the page goes on after so long.
const AT_ONCE_MS = 30;

export class TurnSearch {
  constructor(transcript, signal) {
    this.transcript = transcript;
    this.field = transcript.section.querySelector("[data-search-here]");
    this.count = transcript.section.querySelector("[data-search-count]");
    this.texts = [...transcript.querySelectorAll(".turn-words [dir]")];
    this.folded = [];
    this.hits = [];
    if (!this.field) return;
    signal.addEventListener("abort", () => (this.finding = null));
    this.field.addEventListener("input", async () => {
      if ((await this.#find()) && this.at < 0) this.#go(1);
    }, { signal });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        this.#go(event.shiftKey ? -1 : 1);
      }
    }, { signal });
  }

  /** Other words are shown now: that is no wish to jump. */
  again() {
    if (this.field?.value) this.#find();
  }

  /** Whether it came to its end, and no other words were looked for meanwhile. */
  async #find() {
    const finding = {};
    this.finding = finding;
    const shown = SHOWN[this.transcript.view] ?? "*";
    const wanted = folded(this.field.value.trim()).signs;
    this.hits = [];
    this.at = -1;
    let hidden = 0;
    let until = performance.now() + AT_ONCE_MS;
    for (const [n, element] of this.texts.entries()) {
      if (performance.now() > until) {
        await new Promise((goOn) => setTimeout(goOn));
        if (this.finding !== finding) return false;
        until = performance.now() + AT_ONCE_MS;
      }
      this.folded[n] ??= folded(element.textContent);
      const places = wanted ? placesOf(wanted, this.folded[n]) : [];
      const isShown = element.closest(shown);
      this.#mark(element, isShown ? places : []);
      if (!isShown) hidden += places.length;
    }
    this.count.textContent = wanted ? this.#told(hidden) : "";
    return true;
  }

  #told(hidden) {
    const found = this.hits.length;
    const hits = (number) => `${number} ${number === 1 ? "hit" : "hits"}`;
    if (found) {
      const lines = new Set(this.hits.map((hit) => hit.closest(".turn"))).size;
      return `${hits(found)} in ${lines} ${lines === 1 ? "turn" : "turns"}`;
    }
    const other = this.transcript.view === "original" ? "translation" : "original";
    return hidden ? `Nothing found here, ${hits(hidden)} in the ${other}` : "Nothing found";
  }

  #mark(element, places) {
    if (!places.length && !element.firstElementChild) return;
    const text = element.textContent;
    const pieces = [];
    let after = 0;
    for (const [start, end] of places) {
      const hit = document.createElement("mark");
      hit.textContent = text.slice(start, end);
      pieces.push(text.slice(after, start), hit);
      this.hits.push(hit);
      after = end;
    }
    element.replaceChildren(...pieces, text.slice(after));
  }

  #go(direction) {
    if (!this.hits.length) return;
    this.hits[this.at]?.classList.remove("current");
    this.at = (this.at + direction + this.hits.length) % this.hits.length;
    const hit = this.hits[this.at];
    hit.classList.add("current");
    this.transcript.yield();
    hit.scrollIntoView({ block: "nearest" });
  }
}
