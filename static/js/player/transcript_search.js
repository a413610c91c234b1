// Search in the words of a transcript that are shown: hits are marked, counted, and gone through
// with Enter.

const SHOWN = { original: ".turn-original", translation: ".turn-translation" };

export class TurnSearch {
  constructor(transcript, signal) {
    this.transcript = transcript;
    this.field = transcript.section.querySelector("[data-search-here]");
    this.count = transcript.section.querySelector("[data-search-count]");
    this.texts = [...transcript.querySelectorAll(".turn-words [dir]")];
    this.hits = [];
    if (!this.field) return;
    this.field.addEventListener("input", () => {
      this.#find();
      this.#go(1);
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

  #find() {
    const shown = SHOWN[this.transcript.view] ?? "*";
    const wanted = fold(this.field.value.trim());
    this.hits = [];
    this.at = -1;
    for (const element of this.texts) {
      const text = element.textContent;
      element.replaceChildren(text);
      if (wanted && element.closest(shown)) this.#mark(element, text, wanted);
    }
    const lines = new Set(this.hits.map((hit) => hit.closest(".turn"))).size;
    const found = this.hits.length;
    this.count.textContent = !wanted
      ? ""
      : found
        ? `${found} ${found === 1 ? "hit" : "hits"} in ${lines} ${lines === 1 ? "turn" : "turns"}`
        : "Nothing found";
  }

  #mark(element, text, wanted) {
    const folded = fold(text);
    // Where folding changes the length, places no longer agree; then the whole text is the hit.
    const exact = folded.length === text.length;
    const pieces = [];
    let after = 0;
    for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, after)) {
      const [start, end] = exact ? [at, at + wanted.length] : [0, text.length];
      const hit = document.createElement("mark");
      hit.textContent = text.slice(start, end);
      pieces.push(text.slice(after, start), hit);
      this.hits.push(hit);
      after = end;
      if (!exact) break;
    }
    if (pieces.length) element.replaceChildren(...pieces, text.slice(after));
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

/** Without case and accents, so that "muller" finds "Müller". */
const fold = (text) =>
  text.normalize("NFC").replace(/./gsu, (sign) => {
    const bare = sign.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return bare.length === sign.length ? bare : sign.toLowerCase();
  });
