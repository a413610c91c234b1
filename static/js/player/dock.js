// The dock's controls: what they do, and what they show.

import { clock, spoken } from "./format.js";

const NAMES = { mixed: "both voices", agent: "the agent", customer: "the customer" };
const $ = (id) => document.getElementById(id);

export class Dock {
  constructor(player, skipper, recovery, { note, neighbours }) {
    Object.assign(this, { player, skipper, recovery, note, neighbours, root: $("dock") });
    this.lanes = this.root.querySelector("call-lanes");
    this.root.addEventListener("click", (event) => this.#click(event));
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.moreIsOpen) return;
      event.stopPropagation();
      this.#showMore(false);
      $("dock-more-button").focus();
    });
    this.lanes.addEventListener("ask", ({ detail }) => player.seek(detail));
    $("dock-volume").addEventListener("input", ({ target }) => player.setVolume(+target.value));
    player.addEventListener("change", () => this.show());
    for (const name of ["call", "voices"]) {
      player.addEventListener(name, () => this.#showCall());
    }
    player.addEventListener("tick", () => this.#showSecond());
    document.body.addEventListener("lanes", () => this.show());
    player.addEventListener("lacks", ({ detail }) => {
      const [asked, heard] = [detail, player.voice].map((voice) => NAMES[voice] ?? voice);
      window.toast?.(`No sound of ${asked} here. You hear ${heard}.`);
    });
    this.show();
  }

  do(what) {
    const { player } = this;
    const actions = {
      toggle: () => player.toggle(),
      back: () => player.skip(-10),
      forward: () => player.skip(10),
      slower: () => player.setRate(player.rate - 0.1),
      faster: () => player.setRate(player.rate + 0.1),
      normal: () => player.setRate(1),
      skip: () => this.toggleSkip(),
      mute: () => player.toggleMute(),
      more: () => this.#showMore(!this.moreIsOpen),
      close: () => this.#close(),
      retry: () => this.recovery.retry(),
      note: () => this.note.begin(),
      previous: () => this.neighbours.go("previous"),
      next: () => this.neighbours.go("next"),
      "cancel-note": () => this.note.cancel(),
    };
    actions[what]?.();
  }

  /** The focus must not vanish with the button: it goes on in the page. */
  #close() {
    const isHere = this.root.contains(document.activeElement);
    this.player.close();
    if (!isHere) return;
    const target = document.querySelector("#main [data-room=toggle]") ?? $("main");
    target.focus({ preventScroll: true });
  }

  toggleSkip() {
    if (!this.skipper.stretches?.length) return;
    this.skipper.set(!this.skipper.on);
    this.show();
  }

  /** Whether the controls that have no room on a narrow screen are shown. */
  get moreIsOpen() {
    return $("dock-more").classList.contains("is-open");
  }

  #showMore(open) {
    $("dock-more").classList.toggle("is-open", open);
    $("dock-more-button").setAttribute("aria-expanded", open);
  }

  #click({ target }) {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.voice) this.player.setVoice(button.dataset.voice);
    else if (button.dataset.do) this.do(button.dataset.do);
  }

  #showCall() {
    const { call } = this.player;
    this.root.hidden = !call;
    document.body.classList.toggle("has-dock", Boolean(call));
    this.lanes.show(call);
    if (!call) return;
    $("dock-call").textContent = call.title;
    for (const button of this.root.querySelectorAll("[data-voice]")) {
      const voice = button.dataset.voice;
      const name = NAMES[voice];
      button.disabled = !call.has(voice);
      button.title = call.has(voice) ? `Hear ${name} (v)` : `Not ${name}: ${call.missing[voice]}`;
    }
  }

  show() {
    const { player, root } = this;
    const { call } = player;
    if (!call) return;
    const toggle = root.querySelector("[data-do=toggle]");
    const [icon, label] = player.ended
      ? ["replay", "Replay"]
      : player.wanted ? ["pause", "Pause"] : ["play", "Play"];
    toggle.firstElementChild.className = `icon icon-${icon}`;
    toggle.setAttribute("aria-label", label);
    toggle.title = `${label} (Space or k)`;
    root.classList.toggle("is-buffering", player.buffering);
    $("dock-state").textContent = player.buffering
      ? "Loading…"
      : player.ended ? "Ended" : player.looping ? "Looping" : "";
    for (const button of root.querySelectorAll("[data-voice]")) {
      button.setAttribute("aria-pressed", button.dataset.voice === player.voice);
    }
    const rate = $("dock-rate");
    rate.textContent = `${player.rate.toFixed(1)}×`;
    rate.setAttribute("aria-label", `Speed ${player.rate.toFixed(1)}, press for normal speed`);
    this.#showSkip();
    this.#showChoices();
    this.#showVolume();
    this.#showTrouble();
    this.lanes.setRange(player.range);
    this.#showSecond();
  }

  #showSkip() {
    const button = $("dock-skip");
    const { stretches, on } = this.skipper;
    const saves = stretches ? this.skipper.saves() : 0;
    button.disabled = !(saves >= 1);
    button.setAttribute("aria-pressed", on && !button.disabled);
    button.textContent = saves >= 1 ? `Skip silence −${clock(saves)}` : "Skip silence";
    button.title = stretches
      ? saves >= 1 ? `Skip silence (s): saves ${spoken(saves)}` : "There is no silence to skip"
      : "Skip silence: comes with the waveform";
  }

  /** What differs from the usual, where its control is behind a button. */
  #showChoices() {
    const { voice, rate, audio } = this.player;
    const skips = $("dock-skip").getAttribute("aria-pressed") === "true";
    const words = [
      voice !== "mixed" && `${voice} alone`,
      rate !== 1 && `${rate.toFixed(1)}×`,
      skips && "no silence",
      audio.muted && "muted",
    ].filter(Boolean);
    $("dock-choices").textContent = words.join(", ");
  }

  #showVolume() {
    const { audio } = this.player;
    const mute = this.root.querySelector("[data-do=mute]");
    mute.setAttribute("aria-pressed", audio.muted);
    mute.firstElementChild.className = `icon icon-${audio.muted ? "muted" : "volume"}`;
    $("dock-volume").value = audio.muted ? 0 : audio.volume;
  }

  #showTrouble() {
    const { trouble } = this.player;
    $("dock-message").hidden = !trouble;
    const sentence = trouble?.sentence ?? "";
    // Written only when it changes, so that it is read out once.
    if ($("dock-sentence").textContent !== sentence) $("dock-sentence").textContent = sentence;
    $("dock-sign-in").hidden = !trouble?.signIn;
    $("dock-retry").hidden = !trouble?.retry;
    $("dock-download").hidden = !trouble?.download;
    if (trouble?.download) $("dock-download").href = trouble.download;
  }

  #showSecond() {
    const { call, second, rate } = this.player;
    if (!call) return;
    $("dock-elapsed").textContent = clock(second);
    $("dock-left").textContent = `−${clock(Math.ceil(this.skipper.left(second) / rate))}`;
    const address = call.ownAddress(second);
    if ($("dock-call").getAttribute("href") !== address) $("dock-call").setAttribute("href", address);
    this.lanes.move(second);
    if (call.heardChanged) {
      call.heardChanged = false;
      this.lanes.strip.paintHeard();
      document.body.dispatchEvent(new CustomEvent("heard", { detail: call }));
    }
  }
}
