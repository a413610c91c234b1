// Writing a note interrupts: the sound stops and the focus moves. Afterwards both are as before.

export class Interruption {
  #before = null;

  constructor(player) {
    this.player = player;
    // Whoever plays meanwhile has decided themselves what they hear.
    player.addEventListener("change", () => {
      if (this.#before && player.wanted) this.#before.plays = false;
    });
  }

  get isOn() {
    return this.#before !== null;
  }

  begin() {
    const { player } = this;
    if (this.isOn) return;
    const { call, wanted } = player;
    if (wanted) player.pause();
    const { activeElement } = document;
    const { href } = location;
    this.#before = { focus: activeElement, top: scrollY, page: href, call, plays: wanted };
  }

  /** Back to where one was, unless that is gone. */
  end() {
    const before = this.#before;
    if (!before) return;
    this.#before = null;
    const { focus } = before;
    if (focus !== document.body && focus?.isConnected) focus.focus({ preventScroll: true });
    else document.activeElement?.blur();
    if (before.page === location.href) scrollTo({ top: before.top, behavior: "instant" });
    if (before.plays && this.player.call === before.call) this.player.play();
  }

  /** Somebody went elsewhere by themselves. */
  forget() {
    this.#before = null;
  }
}
