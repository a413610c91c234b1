// What to do when the sound does not come: find out why, wait, go on at the same second.

const DELAYS_S = [1, 2, 4, 8, 8, 8, 8, 8, 8, 8];
const STALLED_AFTER_MS = 10_000;
const PROGRESS_S = 1;
const SIGNED_OUT = {
  sentence: "You were signed out. Sign in again, and the call goes on at this second.",
  signIn: true,
  retry: true,
};

/** How the server answers for the first byte: a status, or 0 where it cannot be reached. */
async function probe(url) {
  try {
    const answer = await fetch(url, { headers: { Range: "bytes=0-0" }, cache: "no-store" });
    const plain = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
    const sentence = plain && !answer.ok ? (await answer.text()).trim() : "";
    await answer.body?.cancel().catch(() => {});
    return { status: answer.status, sentence };
  } catch {
    return { status: 0, sentence: "" };
  }
}

export class Recovery {
  constructor(player) {
    this.player = player;
    this.tries = 0;
    this.refusals = 0; // the file was there, and the browser would not play on from `refusedAt`
    this.refusedAt = null;
    this.resumes = false;
    const { audio } = player;
    audio.addEventListener("error", () => audio.hasAttribute("src") && this.#begin());
    for (const name of ["waiting", "stalled"]) audio.addEventListener(name, () => this.#watch());
    audio.addEventListener("playing", () => this.#settled());
    player.addEventListener("call", () => {
      this.#forget();
      this.resumes = false;
    });
    // Whoever pauses, or presses play, while it is waited for the sound means what comes then.
    player.addEventListener("change", () => {
      if (this.waiting) this.resumes = player.wanted;
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
    this.#keepPlace();
    this.#attempt();
  }

  /** After an error the element may forget where it was. */
  #keepPlace() {
    const { player } = this;
    player.pending = player.second;
  }

  #watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      const { player } = this;
      if (player.wanted && player.audio.readyState < 3 && !this.waiting) this.#begin();
    }, STALLED_AFTER_MS);
  }

  async #attempt() {
    clearTimeout(this.timer);
    const { player } = this;
    const { part, call } = player;
    const url = (part ?? call.partAt(player.voice, player.second)).url;
    this.waiting = true;
    const { status, sentence } = await probe(url);
    if (player.call !== call || !this.waiting) return;
    if (status === 401) this.signedOut();
    else if (status === 200 || status === 206) this.#reopen();
    else if (status === 0 || status === 429 || status >= 500) this.#wait(status);
    else this.#giveUp(sentence || "This recording can no longer be played.");
  }

  #reopen() {
    const { player } = this;
    this.waiting = false;
    // A browser without any sound output begins to play, and fails, again and again.
    const { second } = player;
    if (Math.abs(second - this.refusedAt) > PROGRESS_S) this.refusals = 0;
    this.refusedAt = second;
    if (++this.refusals > 2) {
      const { download } = player.part ?? {};
      this.#giveUp("This browser cannot play the recording, or finds no sound output.", download);
      return;
    }
    player.trouble = null;
    player.wanted = this.resumes;
    if (this.resumes) player.reopen();
    player.changed();
  }

  #wait(status) {
    const delay = DELAYS_S[this.tries++];
    if (delay === undefined) {
      this.#giveUp("The portal cannot be reached.");
      return;
    }
    const why = status ? "The sound cannot be fetched at the moment" : "The connection is lost";
    this.player.tell({ sentence: `${why}. Trying again…`, retry: true });
    this.timer = setTimeout(() => this.#attempt(), delay * 1000);
  }

  #giveUp(sentence, download) {
    this.waiting = false;
    this.resumes = true;
    this.player.pause();
    this.player.tell({ sentence, download, retry: !download });
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
