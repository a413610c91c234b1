// What to do when the sound does not come: find out why, wait, go on at the same second.

import { refusal, takeMp4 } from "./file_forms.js";

const DELAYS_S = [1, 2, 4, 8, 8, 8, 8, 8, 8, 8];
const STALLED_AFTER_MS = 10_000;
// Kallglot's own first byte may take the portal 10 s; what takes longer is no answer.
const PROBE_MS = 15_000;
const PROGRESS_S = 1;
const GONE = 410; // it has expired, and comes no more
const NOT_NOW = "The sound cannot be fetched at the moment.";
const LATE = { sentence: "The sound is slow to come. Still waiting…" };
const SIGNED_OUT = {
  sentence: "You were signed out. Sign in again, and the call goes on at this second.",
  signIn: true,
  retry: true,
};

/** How the server answers for the first byte: a status, 0 where it cannot be reached; a wait in s. */
async function probe(url) {
  const signal = AbortSignal.timeout(PROBE_MS);
  const headers = { Range: "bytes=0-0" };
  try {
    const answer = await fetch(url, { headers, signal, cache: "no-store" });
    const plain = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
    const sentence = plain && !answer.ok ? (await answer.text()).trim() : "";
    await answer.body?.cancel().catch(() => {});
    const wait = Number(answer.headers.get("Retry-After")) || 0;
    const problem = answer.headers.get("X-Unplayable") || "";
    return { status: answer.status, sentence, wait, problem };
  } catch {
    return { status: 0, sentence: "", wait: 0, problem: "" };
  }
}

export class Recovery {
  constructor(player) {
    this.player = player;
    this.tries = 0;
    this.refusals = 0; // the file was there, and the browser would not play on from `refusedAt`
    this.refusedAt = null;
    this.resumes = false;
    this.stalled = false; // nothing failed, the sound is only late
    const { audio } = player;
    audio.addEventListener("error", () => {
      if (!audio.hasAttribute("src") || !player.call) return;
      this.stalled = false;
      // A browser that said it plays MP3 inside MP4 may not.
      if (audio.error?.code >= MediaError.MEDIA_ERR_DECODE) takeMp4(false);
      // The element may forget where it was; one that waits knows it.
      player.pending = player.second;
      this.#begin();
    });
    audio.addEventListener("ended", () => {
      // A file without sound ends at once: the server knows why.
      if (!(audio.duration > 0) && player.call) this.#begin();
    });
    for (const name of ["waiting", "stalled"]) audio.addEventListener(name, () => this.#watch());
    audio.addEventListener("playing", () => this.#settled());
    player.addEventListener("call", () => {
      this.#forget();
      this.resumes = false;
    });
    // Whoever pauses, or presses play, while it is waited for the sound means what comes then.
    player.addEventListener("change", () => {
      if (this.waiting) this.resumes = player.wanted;
      else if (player.trouble === LATE && !player.wanted) player.tell(null);
    });
    window.addEventListener("online", () => this.waiting && this.#attempt());
    // Somebody who signed in in another tab comes back to this one.
    window.addEventListener("focus", () => player.trouble?.signIn && this.retry(this.resumes));
  }

  /** Somebody pressed "Try again", or came back: then it plays only if it did before. */
  retry(resumes = true) {
    this.#forget();
    this.resumes = this.player.wanted = resumes;
    this.player.changed();
    this.#attempt();
  }

  signedOut() {
    clearTimeout(this.timer);
    this.waiting = false;
    if (this.player.trouble?.signIn && !this.player.wanted) return;
    this.resumes ||= this.player.wanted;
    this.player.pause();
    this.player.tell(SIGNED_OUT);
  }

  #begin() {
    if (this.waiting || !this.player.call) return;
    this.resumes = this.player.wanted;
    this.#attempt();
  }

  #watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      const { player } = this;
      if (!player.wanted || player.audio.readyState > 2 || this.waiting) return;
      this.stalled = true;
      player.tell(LATE);
      this.#begin();
    }, STALLED_AFTER_MS);
  }

  async #attempt() {
    clearTimeout(this.timer);
    const { player } = this;
    const { part, call } = player;
    const url = (part ?? call.partAt(player.voice, player.second)).url;
    this.waiting = true;
    const { status, sentence, wait, problem } = await probe(url);
    if (player.call !== call || !this.waiting) return;
    if (status === 401) this.signedOut();
    else if (problem) this.#refuse(problem);
    else if (status === 200 || status === 206) this.#reopen();
    else if (status === 0 || status === 429 || status >= 500) this.#wait(status, sentence, wait);
    else this.#giveUp(sentence || "This recording can no longer be played.", "", status !== GONE);
  }

  #reopen() {
    const { player } = this;
    this.waiting = false;
    if (!this.stalled && this.#isRefused()) {
      const { download } = player.part ?? {};
      this.#giveUp("This browser cannot play the recording, or finds no sound output.", download);
      return;
    }
    player.trouble = this.stalled && this.resumes ? LATE : null;
    player.wanted = this.resumes;
    if (this.resumes) player.reopen();
    player.changed();
  }

  #refuse(problem) {
    const { sentence, download } = refusal(problem, this.player.part?.download);
    this.#giveUp(sentence, download, false);
  }

  /** A browser without any sound output begins to play, and fails, again and again. */
  #isRefused() {
    const { second } = this.player;
    if (Math.abs(second - this.refusedAt) > PROGRESS_S) this.refusals = 0;
    this.refusedAt = second;
    return ++this.refusals > 2;
  }

  #wait(status, sentence, wait) {
    const delay = DELAYS_S[this.tries++];
    if (delay === undefined) {
      this.#giveUp(status ? sentence || NOT_NOW : "The portal cannot be reached.");
      return;
    }
    const why = status ? sentence || NOT_NOW : "The connection is lost.";
    const next = wait > delay ? `Next try in ${wait} s.` : "Trying again…";
    this.player.tell({ sentence: `${why} ${next}`, retry: true });
    this.timer = setTimeout(() => this.#attempt(), Math.max(delay, wait) * 1000);
  }

  #giveUp(sentence, download = "", retry = !download) {
    this.waiting = false;
    this.resumes = true;
    this.player.pause();
    this.player.tell({ sentence, download, retry });
  }

  #settled() {
    clearTimeout(this.watchdog);
    this.tries = 0;
    this.waiting = this.resumes = false;
    if (this.player.trouble) this.player.tell(null);
  }

  #forget() {
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.tries = this.refusals = 0;
    this.waiting = false;
  }
}
