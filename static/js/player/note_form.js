// Writing notes beside a call: `n`, what is typed while the panel changes, where the focus goes.

import { clock } from "./format.js";
import { addressOf, dropDraft, keepDraft, restoreDraft } from "./note_drafts.js";

const $ = (id) => document.getElementById(id);
const isPanel = ({ detail }) => detail.target?.id === "notes";

export class NoteForm {
  isWriting = false;
  filled = null; // the second that was put into the form, which nobody chose
  asked = new WeakMap(); // by request, what was asked for where

  constructor(interruption) {
    this.interruption = interruption;
    document.addEventListener("input", ({ target }) => {
      const form = target.closest("#notes form");
      if (form?.elements.text) keepDraft(form);
    });
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("reset", ({ target }) => closeEdit(target.closest(".note-edit")));
    document.addEventListener("toggle", ({ target }) => hasClosed(target) && discard(target), true);
    document.addEventListener("click", ({ target }) => {
      if (target.closest("[data-note-here]")) this.begin();
    });
    document.addEventListener("focusin", ({ target }) => {
      if (this.isWriting && !target.closest("#note-form")) this.#leave();
      if (target.id === "note-text") this.#entered(target.form);
    });
    const on = (name, act) =>
      document.addEventListener(`htmx:${name}`, (event) => isPanel(event) && act(event));
    on("beforeRequest", (event) => this.#asks(event));
    on("afterRequest", (event) => this.#waits(event, false));
    on("afterSwap", (event) => this.#swapped(event));
    for (const name of ["htmx:afterSettle", "htmx:historyRestore"]) {
      document.addEventListener(name, () => this.#look());
    }
    this.#look();
  }

  /** Whether this page has a form for a note on its call. */
  get isHere() {
    return Boolean($("note-form"));
  }

  /** A note at this second of the room, or on its range. */
  begin() {
    const form = $("note-form");
    this.interruption.begin();
    this.#fill(form);
    form.elements.text.focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest", behavior: "instant" });
    this.isWriting = true;
  }

  /** Words that are still to come are about this second, or the range. */
  #fill({ elements: { start, end, text } }) {
    const room = document.querySelector("call-room");
    if (!room?.call || text.value.trim()) return;
    const [from, to] = room.range ?? [room.second, null];
    this.filled = start.value = clock(from, true);
    end.value = to === null ? "" : clock(to, true);
  }

  #key(event) {
    const { key, target, isComposing } = event;
    const form = target.closest?.("#notes form, #dock-note");
    if (!form || isComposing) return;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!event.repeat) form.requestSubmit();
    } else if (key === "Escape" && this.isWriting && form.id === "note-form") {
      event.preventDefault();
      this.#end();
    }
  }

  /** Without the key as well; a second that somebody chose stays. */
  #entered(form) {
    const { start } = form.elements;
    // The address's second is where the room began.
    if ([start.defaultValue, this.filled].includes(start.value)) this.#fill(form);
  }

  #end() {
    this.isWriting = false;
    this.interruption.end();
  }

  /** The focus went elsewhere by itself. */
  #leave() {
    this.isWriting = false;
    this.interruption.forget();
  }

  /** A panel that is new here: what was typed into the one before stands in it again. */
  #look() {
    const panel = $("notes");
    if (panel === this.panel) return;
    this.panel = panel;
    for (const form of panel?.querySelectorAll("form") ?? []) {
      if (!form.elements.text || !restoreDraft(form)) continue;
      const edited = form.closest("details");
      if (edited) edited.open = true;
    }
  }

  #asks(event) {
    const { elt, xhr } = event.detail;
    const line = elt.closest("[data-note]");
    const form = elt.closest("form");
    this.asked.set(xhr, {
      line: line?.id,
      next: (line?.nextElementSibling ?? line?.previousElementSibling)?.id,
      form: form?.elements.text && form,
    });
    this.#waits(event, true);
  }

  /** What is on its way is not typed on. */
  #waits({ detail }, waits) {
    const text = this.asked.get(detail.xhr)?.form?.elements.text;
    if (text) text.readOnly = waits;
  }

  /** The answer is there; what was typed elsewhere is put back after this. */
  #swapped({ detail: { xhr } }) {
    const asked = this.asked.get(xhr);
    if (!asked) return;
    this.asked.delete(xhr);
    const isDone = xhr.status === 200;
    if (asked.form) this.#settle(asked.form, isDone);
    if (isDone && asked.form && this.isWriting) this.#end();
    else this.#focus(asked, isDone);
  }

  /** What is saved is no draft any more; a refused form says what its draft is now. */
  #settle(form, isSaved) {
    if (isSaved) {
      dropDraft(addressOf(form));
      window.toast?.("Note saved.");
      return;
    }
    const isSame = (other) => other.elements.text && addressOf(other) === addressOf(form);
    const refused = [...$("notes").querySelectorAll("form")].find(isSame);
    if (refused) keepDraft(refused);
  }

  /** What was pressed is gone with the old panel. */
  #focus({ line, next }, isDone) {
    const wrong = $("notes").querySelector("form :is([aria-invalid], [role=alert])");
    if (!isDone && wrong) {
      const field = wrong.matches("[role=alert]") ? wrong.closest("form").elements.text : wrong;
      field.focus();
      return;
    }
    if (document.activeElement !== document.body) return;
    const shown = (selector) => $("notes").querySelector(selector);
    const found = shown("[data-meant]") ?? $(line) ?? $(next) ?? shown("[data-note]");
    (found?.querySelector(".note-time") ?? $("note-text"))?.focus();
  }
}

const hasClosed = (details) => details.matches(".note-edit") && !details.open;

function closeEdit(details) {
  if (!details?.open) return;
  details.open = false;
  details.querySelector("summary").focus();
}

/** Whoever closes an edit does without it: opened again it has the note as it is. */
function discard(details) {
  const form = details.querySelector("form");
  dropDraft(addressOf(form));
  const isAsSent = form.matches(":not([data-restored], :has([aria-invalid], [role=alert]))");
  if (isAsSent) {
    form.reset();
    return;
  }
  const into = { source: details, target: "#notes", swap: "outerHTML" };
  const { id } = details.closest("[data-note]");
  window.htmx.ajax("GET", $("note-form").getAttribute("action"), into).then(() => {
    // Opened again before the new panel came: it stays open.
    const edit = details.open && $(id)?.querySelector(".note-edit");
    if (edit) edit.open = true;
  });
}
