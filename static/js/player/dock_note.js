// "Note here" in the dock: a note on the call that plays, on whatever page one is. In the call's
// own room the form beside the transcript takes it.

import { clock } from "./format.js";
import { addressOf, dropDraft, keepDraft, restoreDraft } from "./note_drafts.js";
import { tellNotes } from "./notes.js";
import { csrfToken } from "./store.js";

const UNREACHED = "The portal could not be reached. Your note is kept; please try again.";
const KEPT_ELSEWHERE = "Your note is kept with its call: go there to save it.";

export class DockNote {
  constructor(player, interruption, recovery, noteForm) {
    Object.assign(this, { player, interruption, recovery, noteForm });
    // Not everybody may write.
    this.root = document.getElementById("dock-note");
    if (!this.root) return;
    this.fields = this.root.elements;
    this.root.addEventListener("input", () => keepDraft(this.root));
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      this.#leave();
    });
    player.addEventListener("call", () => this.#close(KEPT_ELSEWHERE));
    document.addEventListener("htmx:afterSettle", () => this.#roomIsHere() && this.#close());
  }

  /** What `n` does on this page; null where there is nothing to write on. */
  get wish() {
    if (this.noteForm.isHere) return () => this.noteForm.begin();
    return this.root && this.player.call ? () => this.#open() : null;
  }

  /** The dock's button: its call is the one meant, whatever room one is in. */
  begin() {
    if (this.#roomIsHere()) this.noteForm.begin();
    else this.#open();
  }

  /** Back to what one did before, without the words. */
  cancel() {
    dropDraft(addressOf(this.root));
    this.#leave();
  }

  /** Back to what one did before; the words are kept. */
  #leave() {
    this.#hide();
    this.interruption.end();
  }

  #roomIsHere() {
    const room = document.querySelector("call-room");
    return this.noteForm.isHere && Boolean(room?.call) && room.call === this.player.call;
  }

  #open() {
    const { player, root, fields } = this;
    if (root.hidden) {
      this.interruption.begin();
      root.setAttribute("action", `${player.call.room}notes`);
      root.reset();
      const [from, to] = player.range ?? [player.second, null];
      fields.start.value = clock(from, true);
      fields.end.value = to === null ? "" : clock(to, true);
      fields.key.value = newKey();
      restoreDraft(root);
      const { start, end } = fields;
      const when = end.value ? `from ${start.value} to ${end.value}` : `at ${start.value}`;
      // In the room of another call somebody might take that for the one meant.
      document.getElementById("dock-note-when").textContent = `on ${player.call.title} ${when}`;
      this.#say("");
      root.hidden = false;
    }
    fields.text.focus();
  }

  /** Another call is at hand, or the room of this one is here: the words wait there. */
  #close(told) {
    if (!this.root || this.root.hidden) return;
    if (told && this.fields.text.value.trim()) window.toast?.(told);
    this.#hide();
    this.interruption.forget();
  }

  #hide() {
    this.root.hidden = true;
  }

  #say(sentence) {
    const error = document.getElementById("dock-note-error");
    error.textContent = sentence;
    error.hidden = !sentence;
    this.fields.text.setAttribute("aria-invalid", Boolean(sentence));
  }

  async #save() {
    const { root, fields, player } = this;
    const { call } = player;
    const address = addressOf(root);
    if (fields.text.readOnly) return;
    fields.text.readOnly = true;
    this.#say("");
    const answer = await post(root);
    fields.text.readOnly = false;
    if (answer.panel && answer.status === 200) {
      dropDraft(address);
      tellNotes(call, answer.panel);
      window.toast?.("Note saved.");
      if (!root.hidden && player.call === call) this.#leave();
      return;
    }
    if (answer.status === 401) this.recovery.signedOut();
    if (player.call === call && !root.hidden) this.#say(whyNot(answer));
    else window.toast?.(whyNot(answer));
  }
}

/** Post the form; { status (0: not reached), panel (as the server shows it now), sentence }. */
async function post(form) {
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
    });
    const text = await answer.text();
    const { status } = answer;
    const plain = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
    if (plain) return { status, sentence: text.trim() };
    const panel = new DOMParser().parseFromString(text, "text/html").getElementById("notes");
    const wrong = panel?.querySelector("#note-form .field-error");
    return { status, panel, sentence: wrong?.textContent };
  } catch {
    return { status: 0, sentence: UNREACHED };
  }
}

function whyNot({ status, sentence }) {
  if (status === 401) return "You were signed out. Sign in again, and save your note once more.";
  return sentence || "That did not work. Your note is kept; please try again.";
}

/** A UUID, also where the page came over plain HTTP. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
