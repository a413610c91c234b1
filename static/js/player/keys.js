// The keyboard: single keys wherever nobody is typing, their list, and the switch that turns them
// off. templates/_keys.html is the list that people see.

import { copyLink } from "./room.js";
import { remember, remembered } from "./store.js";
import { rowKeys } from "./rows.js";

const TYPING = "input, textarea, select, [contenteditable]:not([contenteditable=false])";
// These do something of their own with the space bar.
const PRESSABLE =
  "button, a, summary, [role=button], [role=link], audio, input:not([type=range])";
// What a held key does again and again; the others act once.
const STEPPING = /^(Arrow\w+|[,.jl<>])$/;
const QUIET_INPUTS = ["checkbox", "radio", "range", "button", "submit", "file"];

export class Keys {
  constructor(player, dock, note) {
    Object.assign(this, { player, dock, note, dialog: document.getElementById("keys") });
    this.on = remembered("keys", true);
    const box = document.getElementById("keys-on");
    box.checked = this.on;
    box.addEventListener("change", () => {
      this.on = box.checked;
      remember("keys", this.on);
    });
    document.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("click", ({ target }) => {
      if (target.closest("[data-keys]")) this.dialog.showModal();
      // A click on the backdrop is a click on the dialog itself.
      if (target.closest("[data-close]") || target === this.dialog) this.dialog.close();
    });
  }

  #pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.getModifierState("AltGraph")) return;
    const { target } = event;
    const key = meant(event);
    if (key === "Escape") {
      this.#escape(event);
      return;
    }
    if (document.querySelector("dialog[open], details[data-menu][open]") || isTyping(target)) return;
    if (key === "?") this.#done(event, () => this.dialog.showModal());
    if (!this.on || key === "?") return;
    const isRange = target.matches?.("input[type=range]");
    if (isRange && /^(Arrow|Page|Home|End)/.test(key) && !event.shiftKey) return;
    if ((key === " " || key === "Enter") && target.closest?.(PRESSABLE)) return;
    const action = event.altKey ? this.#withAlt(key) : this.#single(event, key);
    const again = event.repeat && !STEPPING.test(key);
    if (action) this.#done(event, again ? () => {} : action);
  }

  #done(event, action) {
    event.preventDefault();
    action();
  }

  #escape(event) {
    const { target } = event;
    if (document.querySelector("dialog[open]")) return; // the dialog closes itself
    if (hideTerms()) return;
    const menu = document.querySelector("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (isTyping(target)) target.blur();
    else if (this.on && this.player.looping) this.player.setLooping(false);
  }

  #withAlt(key) {
    const room = document.querySelector("call-room");
    if (!room) return null;
    return { ArrowUp: () => room.do("previous"), ArrowDown: () => room.do("next") }[key];
  }

  #single(event, key) {
    const room = document.querySelector("call-room");
    const transcript = document.querySelector("call-transcript");
    const volume = (by) => () => this.player.setVolume(this.player.audio.volume + by);
    if (key === "/") return searchField() && (() => searchField().focus());
    if (key === "P" || key === "N") return neighbour(key === "P" ? "previous" : "next");
    if (event.shiftKey && key === "ArrowUp") return this.player.call && volume(0.1);
    if (event.shiftKey && key === "ArrowDown") return this.player.call && volume(-0.1);
    if (key === "n") return this.note.wish;
    return (
      (room?.call && this.#roomKey(key, room)) ||
      (transcript && { c: () => transcript.nextView(), w: () => transcript.toggleFollow() }[key]) ||
      (this.player.call && this.#dockKey(event, key)) ||
      rowKeys(event, key)
    );
  }

  #roomKey(key, room) {
    const fine = (by) => (this.player.wanted ? null : () => room.seek(room.second + by));
    return {
      "[": () => room.do("start"),
      "]": () => room.do("end"),
      "\\": () => room.setRange(null),
      r: room.range && (() => room.do("loop")),
      ",": fine(-0.25),
      ".": fine(0.25),
      y: () => room.do("link"),
      ...(room.isCurrent ? {} : { " ": () => room.toggle(), k: () => room.toggle() }),
    }[key];
  }

  #dockKey({ shiftKey }, key) {
    const { player, dock } = this;
    const step = shiftKey ? 1 : 5;
    if (/^[0-9]$/.test(key)) return () => player.seek((player.call.length * Number(key)) / 10);
    return {
      " ": () => dock.do("toggle"),
      k: () => dock.do("toggle"),
      j: () => dock.do("back"),
      l: () => dock.do("forward"),
      ArrowLeft: () => player.skip(-step),
      ArrowRight: () => player.skip(step),
      "<": () => dock.do("slower"),
      ">": () => dock.do("faster"),
      "=": () => dock.do("normal"),
      m: () => dock.do("mute"),
      v: () => this.#nextVoice(),
      s: () => dock.do("skip"),
      y: () => copyLink(player.call, player.second, player.range, player.voice),
    }[key];
  }

  #nextVoice() {
    const { player } = this;
    const voices = player.call.voicesAt(player.second);
    player.setVoice(voices[(voices.indexOf(player.voice) + 1) % voices.length]);
  }
}

/** The sign that was pressed. Caps Lock makes no other command of a letter; Shift does. */
function meant({ key, shiftKey }) {
  if (!/^[a-z]$/i.test(key)) return key;
  return shiftKey ? key.toUpperCase() : key.toLowerCase();
}

function isTyping(target) {
  const field = target.closest?.(TYPING);
  return Boolean(field) && !(field.matches("input") && QUIET_INPUTS.includes(field.type));
}

/** Definitions of measurements go until they are asked for once more; whether there were any. */
function hideTerms() {
  const shown = document.querySelectorAll(".term:is(:hover, :focus):not(.is-hidden)");
  for (const term of shown) {
    term.classList.add("is-hidden");
    for (const leaving of ["mouseleave", "blur"]) {
      term.addEventListener(leaving, () => term.classList.remove("is-hidden"), { once: true });
    }
  }
  return shown.length > 0;
}

/** To another call of the list, or why there is none. */
function neighbour(which) {
  const link = document.querySelector(`#main [data-neighbour=${which}]`);
  return link && (() => (link.href ? link.click() : window.toast?.(link.title)));
}

/** "Search here": in the transcript of a call, else in the library. */
function searchField() {
  return document.querySelector("#main [data-search-here], #main input[type=search]");
}
