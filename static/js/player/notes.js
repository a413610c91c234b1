// The notes of the call one looks at: their panel beside the transcript, and the marks on its
// lanes. Writing them is in note_form.js.

// A note at a second is the current one for so long.
const LASTS_S = 4;

const panelOf = () => document.getElementById("notes");
const roomOf = () => document.querySelector("call-room");
const lineOf = (number) => document.getElementById(`note-${number}`);
const notesOf = (panel) => JSON.parse(panel.dataset.notes);

export class Notes {
  chosen = null; // the number of the one that was pressed: of several it is the one meant
  wanted = null; // the number of one that is fetched into the panel

  constructor() {
    for (const name of ["htmx:afterSettle", "htmx:historyRestore"]) {
      document.addEventListener(name, () => this.#look());
    }
    document.addEventListener("moved", ({ detail }) => this.#mark(detail));
    document.addEventListener("ask-note", ({ detail }) => {
      this.#hear(detail);
      this.#show(detail.id);
    });
    // Before anybody else: a link that is followed would fetch the page anew.
    document.addEventListener("click", (event) => this.#click(event), true);
    this.#look();
    const [, linked] = location.hash.match(/^#note-(\d+)$/) ?? [];
    if (linked && !lineOf(linked)) this.#show(Number(linked));
  }

  /** Take the notes from a panel that is new here. */
  #look() {
    const [panel, call] = [panelOf(), roomOf()?.call];
    if (!panel || !call || (this.panel === panel && this.call === call)) return;
    Object.assign(this, { panel, call });
    tellNotes(call, panel);
    this.current = undefined;
    this.#mark(roomOf().second);
  }

  #click(event) {
    const link = event.target.closest?.("#notes .note-time");
    const asks = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button;
    if (!link || asks || !roomOf()?.call) return;
    const number = Number(link.closest("[data-note]").dataset.note);
    const note = roomOf().call.notes.find(({ id }) => id === number);
    if (!note) return;
    event.preventDefault();
    event.stopPropagation();
    this.#hear(note);
  }

  /** To the second or the range of a note; it plays on if it plays. */
  #hear(note) {
    const room = roomOf();
    if (note.end !== null) room.setRange([note.start, note.end]);
    this.chosen = note.id;
    room.seek(note.start);
  }

  #show(number) {
    const line = lineOf(number);
    if (!line) {
      this.#bring(number);
      return;
    }
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    line.scrollIntoView({ block: "nearest", behavior: calm ? "instant" : "smooth" });
  }

  /** Of many notes the panel has a part; let it have the one with this one. */
  async #bring(number) {
    const panel = panelOf();
    if (!panel || !notesOf(panel).some(({ id }) => id === number)) return;
    this.wanted = number;
    if (this.isBringing) return;
    this.isBringing = true;
    const { pathname, searchParams } = new URL(panel.dataset.address, location.href);
    searchParams.set("note", number);
    const into = { source: panel, target: "#notes", swap: "outerHTML" };
    // What goes wrong is told by portal.js.
    await window.htmx.ajax("GET", `${pathname}?${searchParams}`, into).catch(() => {});
    this.isBringing = false;
    // Another one may have been pressed meanwhile.
    if (lineOf(this.wanted) || this.wanted !== number) this.#show(this.wanted);
  }

  #mark(second) {
    const room = roomOf();
    if (!room?.call) return;
    const note = currentNote(room.call.notes ?? [], second, this.chosen);
    if (note?.id !== this.chosen) this.chosen = null;
    const number = note?.id ?? null;
    if (number === this.current) return;
    this.current = number;
    for (const old of document.querySelectorAll("#notes [aria-current]")) {
      old.removeAttribute("aria-current");
    }
    if (note) lineOf(number)?.setAttribute("aria-current", "true");
    room.lanes.setNote?.(number);
  }
}

/** The call has the notes that stand in `panel`, and the lanes learn of it. */
export function tellNotes(call, panel) {
  call.notes = notesOf(panel);
  document.body.dispatchEvent(new CustomEvent("notes", { detail: call }));
}

/** The note whose second it is: of several `chosen`, else the one that began last. */
function currentNote(notes, second, chosen) {
  const found = notes.filter(
    ({ start, end }) => start <= second + 0.05 && second < (end ?? start + LASTS_S),
  );
  return found.find(({ id }) => id === chosen) ?? found.at(-1);
}
