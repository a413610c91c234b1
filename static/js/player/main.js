// Where the player begins: its parts, and the pages that change around it.

import { fetchCall } from "./call.js";
import { Dock } from "./dock.js";
import { DockNeighbours } from "./dock_neighbours.js";
import { DockNote } from "./dock_note.js";
import { Interruption } from "./interruption.js";
import { Keys } from "./keys.js";
import { bringLanes } from "./lanes_data.js";
import "./lanes_element.js";
import { NoteForm } from "./note_form.js";
import { Notes } from "./notes.js";
import { Place, leftInThisTab } from "./place.js";
import { player } from "./player.js";
import { Recovery } from "./recovery.js";
import "./room.js";
import { Rows } from "./rows.js";
import { SilenceSkipper } from "./silence.js";
import { joinSystem } from "./system.js";
import "./transcript.js";

const recovery = new Recovery(player);
const interruption = new Interruption(player);
const note = new DockNote(player, interruption, recovery, new NoteForm(interruption));
const neighbours = new DockNeighbours(player);
const dock = new Dock(player, new SilenceSkipper(player), recovery, { note, neighbours });
new Notes();
new Place(player, recovery);
new Keys(player, dock, note);
new Rows(player);
joinSystem(player);
// A room on this page has cued its call before the others were there to hear of it.
if (player.call) player.emit("call");
player.changed();

// The title leads to the room at this second. It is no boosted link: htmx would follow the address
// that it began with as well.
document.getElementById("dock-call").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const link = event.currentTarget;
  if (location.pathname === player.call.room) {
    window.scrollTo({ top: 0 });
    return;
  }
  window.htmx.ajax("GET", link.getAttribute("href"), {
    source: link,
    target: "#main",
    select: "#main",
    swap: "outerHTML show:window:top",
  });
});

// After a full page load the call of this tab is at hand again, silent, at its second.
const left = leftInThisTab();
if (left?.[0] && !player.call) {
  const [address, second, list] = left;
  fetchCall(address)
    .then((call) => {
      if (player.call) return;
      call.list = list ?? null;
      player.cue(call, second);
      bringLanes(call, player);
    })
    .catch(() => {});
}
