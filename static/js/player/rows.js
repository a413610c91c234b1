// Rows of calls: play buttons that start the dock, and moving between rows by keys.

import { fetchCall, isOf } from "./call.js";
import { bringLanes } from "./lanes_data.js";

export class Rows {
  constructor(player) {
    this.player = player;
    this.presses = 0; // what the last one asks for holds, whichever call comes first
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-play]");
      if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#press(button);
    });
    for (const name of ["change", "call"]) player.addEventListener(name, () => this.mark());
    document.addEventListener("htmx:afterSettle", () => {
      this.mark();
      this.#notice();
    });
    this.mark();
  }

  mark() {
    for (const button of document.querySelectorAll("[data-play]")) {
      const current = this.#plays(button);
      button.firstElementChild.className = `icon icon-${current ? "pause" : "play"}`;
      button.setAttribute("aria-pressed", current);
    }
  }

  #isAtHand({ dataset }) {
    const { call, voice, part } = this.player;
    if (call?.id !== dataset.play) return false;
    if (!dataset.recording) return true;
    return voice === call.voiceOf(dataset.recording) && (!part || isOf(part, dataset.recording));
  }

  /** The call of a row, where this page has it: at hand, or in the room. */
  #onThisPage({ dataset }) {
    const room = document.querySelector("call-room");
    return [this.player.call, room?.call].find((call) => call?.id === dataset.play);
  }

  /** A row whose recording has become ready since its call was fetched: the call learns of it. */
  #notice() {
    for (const button of document.querySelectorAll("[data-play][data-recording]")) {
      const call = this.#onThisPage(button);
      const { recording } = button.dataset;
      // Where it fails, the press of the row asks once more.
      if (call && !call.voiceOf(recording)) this.#learn(call).catch(() => {});
    }
  }

  /** Raises as `fetchCall` does. */
  async #learn(call) {
    if (!call.takeOver(await fetchCall(call.place))) return;
    this.player.emit("voices");
    bringLanes(call, this.player);
  }

  #plays(button) {
    return this.player.wanted && this.#isAtHand(button);
  }

  async #press(button) {
    const { player } = this;
    const press = ++this.presses;
    if (this.#isAtHand(button)) {
      player.toggle();
      return;
    }
    const { play, channel, recording } = button.dataset;
    let call = this.#onThisPage(button);
    try {
      if (!call) call = await fetchCall(`/sessions/${play}/listening`);
      else if (recording && !call.voiceOf(recording)) await this.#learn(call);
    } catch (error) {
      if (press !== this.presses) return;
      if (error.status === 401) location.reload();
      else window.toast?.(error.status ? error.message : "The portal could not be reached.");
      return;
    }
    if (press !== this.presses) return;
    const link = button.closest("tr").querySelector("a.row-link");
    if (link) call.list = new URLSearchParams(link.search).get("list") ?? "";
    const voice = (recording && call.voiceOf(recording)) || channel;
    const wanted = call.voices[voice]?.find((part) => isOf(part, recording));
    let second = player.call === call ? player.second : call.second;
    if (wanted && (second < wanted.start || second >= wanted.start + wanted.duration)) {
      second = wanted.start;
    }
    if (player.call === call) {
      player.setVoice(voice, second);
      player.seek(second);
    } else {
      player.cue(call, second, voice);
    }
    player.play();
    bringLanes(call, player);
  }
}

/** The library's keys, while a row or nothing has the focus. */
export function rowKeys({ target, shiftKey }, key) {
  const rows = [...document.querySelectorAll(".calls tbody tr")];
  if (!rows.length || shiftKey) return null;
  const row = target.closest?.(".calls tbody tr");
  const go = (by) => () => {
    const next = row ? rows.indexOf(row) + by : 0;
    rows[Math.min(Math.max(next, 0), rows.length - 1)].querySelector(".row-link")?.focus();
  };
  const inRow = (selector, action) => {
    const found = row?.querySelector(selector);
    return found && (() => action(found));
  };
  return {
    ArrowUp: go(-1),
    ArrowDown: go(1),
    x: inRow("[name=session]", (box) => box.click()),
    p: inRow("[data-play]", (button) => button.click()),
  }[key];
}
