// The one player of the application: a call, a second in it, a voice, and the <audio> behind it.
//
// Events: "call" (another call, or none), "voices" (the call has more files than before), "change"
// (any state a control shows), "lacks" (the voice in `detail` has no sound here), "tick" (ten times
// a second while playing, and after each seek), "frame" (per frame while playing and visible).

import { playsMp3InMp4, refusal, takeMp4 } from "./file_forms.js";
import { clamp } from "./format.js";
import { remember, remembered } from "./store.js";
import { Ticking } from "./ticking.js";

const BUFFERING_AFTER_MS = 300;
const ROUNDED_S = 0.5;

export class Player extends EventTarget {
  constructor(audio) {
    super();
    this.audio = audio;
    this.call = null;
    this.voice = "mixed";
    this.part = null;
    this.wanted = false; // whether it is to play, whatever the element does at this moment
    this.ended = false;
    this.buffering = false;
    this.trouble = null; // { sentence, signIn, retry, download }
    this.range = null; // [start, end] in seconds of the call
    this.stopAt = null; // the end of a range that a link asked for: playback stops there once
    this.looping = false;
    this.rate = remembered("rate", 1);
    audio.volume = remembered("volume", 1);
    audio.muted = remembered("muted", false);
    this.pending = 0; // the second that a file still to be opened begins at
    this.ticking = new Ticking(this);
    this.listen();
  }

  listen() {
    const { audio } = this;
    audio.addEventListener("loadedmetadata", () => this.#begin());
    audio.addEventListener("ended", () => this.#next());
    for (const name of ["waiting", "stalled"]) {
      audio.addEventListener(name, () => this.#mayBuffer());
    }
    for (const name of ["playing", "canplay", "seeked", "pause", "error"]) {
      audio.addEventListener(name, () => this.#buffers(false));
    }
    // Something else than our controls paused it: a headset, the system, another tab. The event
    // comes late, perhaps when it plays again.
    audio.addEventListener("pause", () => {
      const stays = audio.paused && !audio.ended && !audio.error;
      if (stays && this.pending === null) this.wanted = false;
    });
    for (const name of ["play", "pause", "playing", "volumechange", "seeking", "seeked"]) {
      audio.addEventListener(name, () => this.changed());
    }
    audio.addEventListener("playing", () => this.ticking.begin());
    audio.addEventListener("seeked", () => this.emit("tick"));
  }

  emit(name) {
    this.dispatchEvent(new Event(name));
  }

  changed() {
    this.emit("change");
  }

  /** The second of the call. */
  get second() {
    if (!this.call) return 0;
    if (this.pending !== null || !this.part) return this.pending ?? 0;
    return Math.min(this.part.start + this.audio.currentTime, this.call.length);
  }

  get playing() {
    return this.wanted && !this.audio.paused;
  }

  // -- which call ------------------------------------------------------------------------------

  /** Have a call at hand, silent, at `second`. Nothing is fetched before somebody plays it. */
  cue(call, second = 0, voice = "") {
    this.#leave();
    this.call = call;
    this.pending = call.clamp(second);
    this.voice = call.voiceLike(voice, this.pending);
    this.range = this.stopAt = null;
    this.looping = this.ended = false;
    this.trouble = null;
    this.emit("call");
    this.changed();
  }

  close() {
    this.#leave();
    this.call = null;
    this.trouble = null;
    this.emit("call");
    this.changed();
  }

  /** Whoever takes the call up again on this page goes on where it was left. */
  #leave() {
    if (this.call) {
      this.call.second = this.ended ? 0 : this.second;
      this.call.channel = this.voice;
    }
    this.emit("leave");
    this.#unload();
  }

  #unload() {
    this.wanted = false;
    this.audio.pause();
    this.part = null;
    if (this.audio.hasAttribute("src")) {
      this.audio.removeAttribute("src");
      this.audio.load();
    }
    this.#buffers(false);
  }

  // -- playing ---------------------------------------------------------------------------------

  play() {
    if (!this.call) return;
    if (this.ended) this.pending = this.range ? this.range[0] : 0;
    this.ended = false;
    this.wanted = true;
    this.trouble = null;
    if (!this.part || this.pending !== null || this.audio.error) this.#open(this.second);
    else this.#start();
    this.changed();
  }

  pause() {
    this.wanted = false;
    this.audio.pause();
    this.changed();
  }

  /** Whether playback is to stop at the end of a range, and `second` is not before that. */
  stopsBefore(second) {
    return !this.looping && this.stopAt !== null && second >= this.stopAt;
  }

  /** Stop at the end of a range; the next press of Play goes on from there. */
  stop() {
    this.stopAt = null;
    this.pause();
  }

  toggle() {
    return this.wanted ? this.pause() : this.play();
  }

  seek(second) {
    if (!this.call) return;
    this.ended = false;
    const target = this.call.clamp(second);
    if (this.stopAt !== null && target >= this.stopAt) this.stopAt = null;
    if (!this.part || this.pending !== null) {
      this.pending = target;
      if (this.part) this.#open(target);
    } else {
      this.#open(target);
    }
    this.emit("tick");
    this.changed();
  }

  skip(seconds) {
    this.seek(this.second + seconds);
  }

  setVoice(voice, second = this.second) {
    if (!this.call?.has(voice) || voice === this.voice) return;
    if (!this.call.voicesAt(second).includes(voice)) {
      this.#lacks(voice);
      return;
    }
    this.voice = voice;
    if (this.part) this.#open(second);
    this.changed();
  }

  setRate(rate) {
    this.rate = clamp(Math.round(rate * 10) / 10, 0.5, 3);
    this.#applyRate();
    remember("rate", this.rate);
    this.changed();
  }

  setVolume(volume) {
    this.audio.volume = clamp(volume, 0, 1);
    this.audio.muted = false;
    remember("volume", this.audio.volume);
    remember("muted", false);
  }

  toggleMute() {
    this.audio.muted = !this.audio.muted;
    remember("muted", this.audio.muted);
  }

  setRange(range, stopsAtEnd = false) {
    this.range = this.call.range(range);
    const stops = stopsAtEnd && this.call.hasSound(this.voice, this.range);
    this.stopAt = stops ? this.range[1] : null;
    if (!this.range) this.looping = false;
    this.changed();
  }

  setLooping(looping) {
    this.looping = looping && this.call.hasSound(this.voice, this.range);
    if (this.looping && (this.second < this.range[0] || this.second >= this.range[1])) {
      this.seek(this.range[0]);
    }
    this.changed();
  }

  tell(trouble) {
    this.trouble = trouble;
    this.changed();
  }

  /** Fetch the file anew and go on at the same second. */
  reopen() {
    const { second } = this;
    this.part = null;
    this.#open(second);
  }

  // -- the element -----------------------------------------------------------------------------

  #open(second) {
    const here = this.call.voicesAt(second);
    if (!here.includes(this.voice)) {
      // A file of one voice may be missing where the call has sound: nothing is passed over.
      const lacking = this.voice;
      [this.voice] = here;
      this.#lacks(lacking);
    }
    const part = this.call.partAt(this.voice, second);
    const inside = clamp(second, part.start, part.start + part.duration);
    if (part.problem) {
      this.#refuse(part, inside);
      return;
    }
    const { audio } = this;
    if (part === this.part && !audio.error && audio.readyState > 0) {
      this.pending = null;
      audio.currentTime = inside - part.start;
    } else {
      this.pending = inside;
      if (part !== this.part || audio.error || !audio.hasAttribute("src")) {
        this.part = part;
        audio.src = part.url;
        this.#applyRate();
      }
      // Before the first bytes this is where the browser begins.
      audio.currentTime = inside - part.start;
    }
    if (this.wanted && audio.paused) this.#start();
  }

  /** Say at once why a file does not play, in place of trying. */
  #refuse(part, second) {
    this.#unload();
    this.pending = second;
    this.tell(refusal(part.problem, part.download));
  }

  async #start() {
    this.#mayBuffer();
    try {
      await this.audio.play();
    } catch (error) {
      // Overtaken by another source, or a fault that the "error" event tells about.
      if (error.name !== "NotAllowedError") return;
      this.pause();
      this.tell({ sentence: "The browser wants a click first: press play." });
    }
  }

  #begin() {
    if (this.pending === null || !this.part) return;
    const offset = this.pending - this.part.start;
    if (Math.abs(this.audio.currentTime - offset) > 0.02) this.audio.currentTime = offset;
    this.pending = null;
    this.#applyRate();
    this.emit("tick");
  }

  #applyRate() {
    this.audio.defaultPlaybackRate = this.audio.playbackRate = this.rate;
    this.audio.preservesPitch = true;
  }

  #next() {
    // The file has ended: it is no longer than this, whatever was said of it.
    const { duration } = this.audio;
    if (this.part && duration > 0 && duration < this.part.duration - ROUNDED_S) {
      this.part.duration = duration;
      this.call.measure();
    }
    const start = this.part ? this.call.startAfter(this.part) : Infinity;
    if (this.looping && start >= this.range[1] && this.ticking.again()) return;
    if (start < Infinity) {
      if (this.stopsBefore(start)) this.stop();
      this.#open(start);
      return;
    }
    this.wanted = false;
    this.ended = true;
    this.emit("tick");
    this.changed();
  }

  #lacks(voice) {
    this.dispatchEvent(new CustomEvent("lacks", { detail: voice }));
  }

  #mayBuffer() {
    clearTimeout(this.bufferTimer);
    this.bufferTimer = setTimeout(() => {
      if (this.wanted && this.audio.readyState < 3) this.#buffers(true);
    }, BUFFERING_AFTER_MS);
  }

  #buffers(now) {
    clearTimeout(this.bufferTimer);
    if (this.buffering === now) return;
    this.buffering = now;
    this.changed();
  }
}

const element = document.getElementById("dock-audio");
if (element) takeMp4(playsMp3InMp4(element));
export const player = element && new Player(element);
