// While the sound plays: what follows it is told ten times a second ("tick"), what moves with it in
// every frame that is shown ("frame"), and at the end of a loop it goes back to its start.

const TICK_MS = 100;

export class Ticking {
  constructor(player) {
    this.player = player;
    this.timer = null;
  }

  /** Goes on until the element is paused, by whomever. */
  begin() {
    if (this.timer) return;
    const frame = () => {
      this.player.emit("frame");
      this.framing = requestAnimationFrame(frame);
    };
    this.timer = setInterval(() => this.#tick(), TICK_MS);
    this.framing = requestAnimationFrame(frame);
  }

  #tick() {
    const { player } = this;
    const { audio, looping, range, second } = player;
    if (audio.paused) {
      clearInterval(this.timer);
      this.timer = null;
      // A hidden tab keeps the frame that was asked for until it is shown.
      cancelAnimationFrame(this.framing);
    } else if (looping && second >= range[1] && !audio.seeking) {
      player.seek(range[0]);
    }
    player.emit("tick");
  }
}
