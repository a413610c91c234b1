// Previous and next in the dock: through the list that its call was found in, wherever one is.

import { fetchCall } from "./call.js";
import { bringLanes } from "./lanes_data.js";

// Calls without sound that are passed over by one press.
const MOST_PASSED = 20;
const ENDS = {
  previous: "This is the first call of the list.",
  next: "This is the last call of the list.",
};
const NO_SOUND = 409;

export class DockNeighbours {
  constructor(player) {
    this.player = player;
    this.root = document.getElementById("dock-neighbours");
    for (const name of ["call", "change"]) player.addEventListener(name, () => this.#show());
    this.#show();
  }

  #show() {
    const { call } = this.player;
    this.root.hidden = !call || call.list === null;
  }

  /** which: "previous" or "next". Plays there if it plays now; a room of the call goes along. */
  async go(which) {
    const { player } = this;
    const { call } = player;
    if (!call || this.asking === call) return;
    this.asking = call;
    try {
      const { found, passed } = await playable(call, which);
      if (player.call !== call) return;
      if (found) this.#take(found, call);
      const told = [passed && passedOver(passed), !found && ENDS[which]].filter(Boolean).join(" ");
      if (told) window.toast?.(told);
    } catch (error) {
      if (error.status === 401) location.reload();
      else window.toast?.(error.status ? error.message : "The portal could not be reached.");
    } finally {
      this.asking = null;
    }
  }

  #take(found, before) {
    const { player } = this;
    const plays = player.wanted;
    const isInRoom = document.querySelector("call-room")?.call === before;
    player.cue(found, found.second);
    if (plays) player.play();
    bringLanes(found, player);
    // The title leads to the room of what is in the dock.
    if (isInRoom) document.getElementById("dock-call").click();
  }
}

/** The nearest call of the list that has sound, if any, and how many have none before it. */
async function playable({ room, list }, which) {
  let beside = room;
  for (let passed = 0; passed <= MOST_PASSED; passed += 1) {
    beside = (await neighbours(beside, list))[which];
    if (!beside) return { found: null, passed };
    try {
      const found = await fetchCall(`${beside}listening`);
      found.list = list;
      return { found, passed };
    } catch (error) {
      if (error.status !== NO_SOUND) throw error;
    }
  }
  const error = new Error(`The ${which} ${MOST_PASSED} calls have no sound.`);
  throw Object.assign(error, { status: NO_SOUND });
}

const passedOver = (number) =>
  `${number === 1 ? "A call without sound was" : `${number} without sound were`} passed over.`;

/** Rooms: { previous, next }, null at an end. Throws as `fetchCall` does. */
async function neighbours(room, list) {
  const answer = await fetch(`${room}neighbours?${new URLSearchParams({ list })}`);
  if (answer.ok) return answer.json();
  const error = new Error("That did not work. Please reload the page and try again.");
  throw Object.assign(error, { status: answer.status });
}
