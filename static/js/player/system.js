// The rest of the machine: headsets and lock screens, and other tabs of the portal.

import { clamp } from "./format.js";
import { person } from "./store.js";

export function joinSystem(player) {
  oneTabPlays(player);
  onePersonAtATime();
  if ("mediaSession" in navigator) mediaSession(player);
}

/** A second tab that starts pauses the first. */
function oneTabPlays(player) {
  if (!("BroadcastChannel" in window)) return;
  const channel = new BroadcastChannel("kallglot-player");
  player.audio.addEventListener("play", () => channel.postMessage("playing"));
  channel.addEventListener("message", () => player.pause());
}

/** Pages of the other tabs, which must be those of who is signed in now. */
const people = "BroadcastChannel" in window ? new BroadcastChannel("kallglot-person") : null;

/** Who is signed in now, "" for nobody: nothing of another person stays in other tabs. */
export function tellTabs(whom) {
  people?.postMessage(whom);
}

/** Somebody else has signed in, or this person out, in another tab: this page is over. */
function onePersonAtATime() {
  people?.addEventListener("message", ({ data }) => data !== person && location.reload());
  tellTabs(person);
}

function mediaSession(player) {
  const session = navigator.mediaSession;
  const handlers = {
    play: () => player.play(),
    pause: () => player.pause(),
    stop: () => player.pause(),
    seekbackward: ({ seekOffset }) => player.skip(-(seekOffset || 10)),
    seekforward: ({ seekOffset }) => player.skip(seekOffset || 10),
    seekto: ({ seekTime }) => player.seek(seekTime),
  };
  for (const [action, handler] of Object.entries(handlers)) {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // This browser does not know the action.
    }
  }
  player.addEventListener("call", () => {
    const { call } = player;
    // A lock screen is for everybody's eyes: no name, no number.
    const began = call?.began ? new Date(call.began).toLocaleDateString() : "";
    session.metadata = call
      ? new MediaMetadata({ title: "Recorded call", artist: began, album: "Kallglot Portal" })
      : null;
  });
  player.addEventListener("change", () => {
    const { call } = player;
    session.playbackState = call ? (player.playing ? "playing" : "paused") : "none";
    // A call of no known length has no place to show, nor has none.
    if (!(call?.length > 0)) session.setPositionState();
    else {
      session.setPositionState({
        duration: call.length,
        position: clamp(player.second, 0, call.length),
        playbackRate: player.rate,
      });
    }
  });
}
