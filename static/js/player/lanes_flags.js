// The notes of the larger view as buttons: one stop for Tab, the arrows go from one to the next.

import { clock } from "./format.js";
import { gathered, kindOf } from "./lanes_notes.js";

const LEAST_PX = 24; // as large as a target has to be, and so the least distance of two
const WORDS = 40;

export class Flags {
  constructor(host, parent) {
    this.host = host;
    this.root = document.createElement("div");
    this.root.className = "lanes-flags";
    this.root.hidden = true; // until there are notes: an empty row moves what is below it
    this.root.setAttribute("role", "toolbar");
    this.root.setAttribute("aria-label", "Notes on the timeline");
    this.buttons = new Map(); // by the number of their first note
    this.root.addEventListener("click", ({ target }) => this.#press(target.closest("button")));
    this.root.addEventListener("keydown", (event) => this.#key(event));
    this.root.addEventListener("focusin", ({ target }) => this.#stopAt(target));
    parent.append(this.root);
  }

  /** Buttons for what is between `from` and `to` alone, however many notes the call has. */
  paint(from, to, width) {
    const notes = this.host.call?.notes ?? [];
    const found = width ? gathered(notes, { from, to, width, least: LEAST_PX }) : [];
    this.root.hidden = !notes.length;
    const kept = new Map();
    for (const flag of found) {
      const [first] = flag.notes;
      const button = this.buttons.get(first.id) ?? newButton();
      kept.set(first.id, button);
      button.flag = flag;
      button.style.left = `${flag.left}px`;
    }
    this.buttons = kept;
    const shown = [...kept.values()];
    // One that stays is not moved, so that it keeps the focus.
    for (const button of [...this.root.children]) if (!shown.includes(button)) button.remove();
    shown.forEach((button, n) => {
      const there = this.root.children[n];
      if (there !== button) this.root.insertBefore(button, there ?? null);
    });
    this.#stopAt(shown.find((button) => button.tabIndex === 0) ?? shown[0]);
    this.show();
  }

  /** What the flags say, and which of them has the current note. */
  show() {
    for (const button of this.root.children) {
      const { notes } = button.flag;
      const at = notes.findIndex(({ id }) => id === this.host.note);
      const name = nameOf(notes, at);
      if (button.title !== name) {
        button.title = name;
        button.setAttribute("aria-label", name);
      }
      button.toggleAttribute("data-current", at >= 0);
      if (at >= 0) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      const [sign] = button.children;
      const one = notes.length === 1;
      sign.className = one ? `icon icon-note-${kindOf(notes[0])}` : "lanes-flag-count";
      const count = one ? "" : notes.length > 99 ? "99+" : `${notes.length}`;
      if (sign.textContent !== count) sign.textContent = count;
    }
  }

  #press(button) {
    if (!button) return;
    const { notes } = button.flag;
    // Of several, one after the other.
    const at = notes.findIndex(({ id }) => id === this.host.note);
    this.host.askNote(notes[(at + 1) % notes.length]);
  }

  #key(event) {
    const buttons = [...this.root.children];
    const at = buttons.indexOf(event.target.closest("button"));
    const last = buttons.length - 1;
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    const isChord = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    if (target === undefined || isChord) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[target]?.focus();
  }

  #stopAt(button) {
    for (const other of this.root.children) other.tabIndex = other === button ? 0 : -1;
  }
}

function newButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "lanes-flag";
  button.tabIndex = -1;
  button.append(document.createElement("span"));
  return button;
}

/** "Note at 1:23 by rosa: first words"; of several the current one with its number. */
function nameOf(notes, current) {
  if (notes.length === 1) return oneName(notes[0]);
  const [from, to] = [notes[0].start, notes.at(-1).start].map((second) => clock(second));
  if (current >= 0) return `${current + 1} of ${notes.length} notes: ${oneName(notes[current])}`;
  return `${notes.length} notes ${from === to ? `at ${from}` : `from ${from} to ${to}`}`;
}

function oneName({ start, end, text, author, private: own, resolved }) {
  const kind = [own && "private", resolved && "resolved", "note"].filter(Boolean).join(" ");
  const when = end === null ? `at ${clock(start)}` : `from ${clock(start)} to ${clock(end)}`;
  const line = text.replace(/\s+/g, " ");
  const words = line.length > WORDS ? `${line.slice(0, WORDS).trimEnd()}…` : line;
  return `${kind[0].toUpperCase()}${kind.slice(1)} ${when} by ${author}: ${words}`;
}
