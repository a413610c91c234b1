// <call-transcript>: turns that one clicks to hear, the turn that plays, views, and the search.

import { bringIntoSight, isInSight } from "./in_sight.js";
import { remember, remembered } from "./store.js";
import { Marks } from "./transcript_marks.js";
import { TurnSearch } from "./transcript_search.js";
import { lanesOf } from "./unmatched.js";

const VIEWS = ["both", "columns", "original", "translation"];
const SCROLLING_KEYS = ["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", " "];

export class CallTranscript extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.section = this.closest("section");
    this.list = this.querySelector(".turns");
    this.turns = [...this.querySelectorAll(".turn[data-start]")].map((element) => ({
      element,
      start: Number(element.dataset.start),
      end: Number(element.dataset.end ?? Number.NaN),
    }));
    // They stand as they are told, which need not be the order of their times.
    this.turns.sort((a, b) => a.start - b.start);
    this.button = this.section.querySelector("[data-follow]");
    this.back = this.querySelector(".back-to-now");
    this.following = remembered("follow", true);
    this.setView(remembered("words", "both"));
    this.#showFollow();
    this.search = new TurnSearch(this, signal);
    this.section.addEventListener("click", (event) => this.#click(event), { signal });
    document.addEventListener("moved", ({ detail }) => this.#mark(detail), { signal });
    // Only the reader's own scrolling counts: ours sends no such events.
    for (const name of ["wheel", "touchmove"]) {
      this.list.addEventListener(name, () => this.yield(), { signal, passive: true });
    }
    this.list.addEventListener("pointerdown", (event) => {
      if (event.target === this.list) this.yield(); // the scroll bar
    }, { signal });
    // At the window, after all others: a key that somebody took, as Space to play, scrolls nothing.
    window.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || !this.list.contains(event.target)) return;
      if (SCROLLING_KEYS.includes(event.key)) this.yield();
    }, { signal });
    this.marks = new Marks(this);
    // The layout may change after a turn was shown: the dock appears or grows and covers it, or the
    // timeline above grows and moves it below the dock.
    document.addEventListener("scrollend", () => this.#scrolled(), { signal, capture: true });
    this.resized = new ResizeObserver(() => this.#keepInSight());
    for (const part of [document.getElementById("dock"), this.room, this.list]) {
      if (part) this.resized.observe(part);
    }
    const compare = ({ detail }) => detail === this.room?.call && this.#compare(detail);
    document.body.addEventListener("lanes", compare, { signal });
    if (this.room?.call?.lanes) this.#compare(this.room.call);
    this.room?.show?.();
  }

  disconnectedCallback() {
    this.stop.abort();
    this.resized.disconnect();
  }

  get room() {
    return document.querySelector("call-room");
  }

  setView(view) {
    this.view = VIEWS.includes(view) ? view : "both";
    this.list.dataset.words = this.view;
    for (const button of this.section.querySelectorAll("[data-words]")) {
      if (button.tagName === "BUTTON") {
        button.setAttribute("aria-pressed", button.dataset.words === this.view);
      }
    }
    this.search?.again();
    this.#keepInSight();
    remember("words", this.view);
  }

  /** `c`: both, original, translation. */
  nextView() {
    const round = ["both", "original", "translation"];
    this.setView(round[(round.indexOf(this.view) + 1) % round.length]);
  }

  toggleFollow() {
    this.following = !this.following;
    remember("follow", this.following);
    this.#showFollow();
    if (this.following) this.#showCurrent();
  }

  /** To the turn before or after the one at this second. */
  step(room, direction) {
    const { second } = room;
    const starts = this.turns.map((turn) => turn.start);
    const target = direction > 0
      ? starts.find((start) => start > second + 0.05)
      : starts.findLast((start) => start < second - 1);
    if (target !== undefined) room.seek(target);
    else if (direction < 0) room.seek(0);
  }

  #click(event) {
    const { target } = event;
    const view = target.closest("button[data-words]");
    if (view) this.setView(view.dataset.words);
    else if (target.closest("[data-follow]")) this.toggleFollow();
    else if (target.closest(".back-to-now")) {
      this.following = true;
      this.list.focus({ preventScroll: true }); // the button goes
      this.#showFollow();
      this.#showCurrent();
    } else this.#hear(event);
  }

  #hear(event) {
    const line = event.target.closest(".turn[data-start]");
    if (!line || !this.room?.call || event.ctrlKey || event.metaKey || event.shiftKey) return;
    // Marking words with the mouse is not a wish to hear them.
    if (!event.target.closest("a") && String(getSelection())) return;
    event.preventDefault();
    this.chosen = this.turns.find((turn) => turn.element === line);
    this.room.seek(this.chosen.start, true);
  }

  /** wasSeen: whether the user saw the turn before, where the layout cannot say so any more. */
  #mark(second, wasSeen = null) {
    let current = null;
    for (const turn of this.turns) {
      if (turn.start > second + 0.05) break;
      current = turn;
    }
    // Of several that begin at once the one that was pressed is meant.
    if (current && this.chosen?.start === current.start) current = this.chosen;
    if (current === this.current) return;
    const { list } = this;
    this.isSeen = this.current ? wasSeen ?? isInSight(list, this.current.element) : scrollY === 0;
    this.current?.element.removeAttribute("aria-current");
    this.current = current;
    current?.element.setAttribute("aria-current", "true");
    if (this.following) this.#scroll();
  }

  /** A turn behind the dock counts as seen: the dock may have covered it in this frame. */
  #scrolled() {
    if (this.current) this.isSeen = isInSight(this.list, this.current.element, innerHeight);
  }

  /** Show the current turn again after the layout changed, if the user saw it before. */
  #keepInSight() {
    if (this.following && this.isSeen) this.#scroll();
  }

  /** Move the window as well: the user asked for the turn. */
  #showCurrent() {
    this.isSeen = true;
    this.#scroll();
  }

  /** The window moves along only with a user who sees the turn, not while they read elsewhere. */
  #scroll() {
    if (this.current) bringIntoSight(this.list, this.current.element, this.isSeen);
  }

  /** The reader looks elsewhere: leave the view to them. */
  yield() {
    if (!this.following) return;
    this.following = false;
    this.#showFollow();
  }

  #showFollow() {
    this.button?.setAttribute("aria-pressed", this.following);
    this.back.hidden = this.following;
  }

  /** The lanes are there. */
  #compare(call) {
    if (!call.lanes) return;
    this.marks.show(call);
    if (this.dataset.approximate === "yes") this.#anchor(call);
    this.#mark(this.room.second, this.isSeen);
    this.#keepInSight();
  }

  /** Times from whole-second stamps move to where that speaker really begins, near by. */
  #anchor(call) {
    const near = Number(this.dataset.near);
    for (const turn of this.turns.filter(({ isMark }) => !isMark)) {
      const stamp = Number(turn.element.dataset.start);
      let best = null;
      for (const { spans } of lanesOf(turn.element.dataset, call.lanes)) {
        for (const [start] of spans) {
          const distance = Math.abs(start - stamp);
          if (distance <= near && (best === null || distance < Math.abs(best - stamp))) {
            best = start;
          }
        }
      }
      if (best !== null) turn.start = Math.max(0, best - 0.1);
    }
    // Two who take turns quickly may begin in another order than they are told in.
    this.turns.sort((a, b) => a.start - b.start);
  }
}

customElements.define("call-transcript", CallTranscript);
