// While the sound plays: what follows it is told ten times a second ("tick"), what moves with it in
// every frame that is shown ("frame"). At the end of a loop it goes back to its start; at the end of
// a range that a link asked for it stops.

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
      this.#loop();
      this.player.emit("frame");
      this.framing = requestAnimationFrame(frame);
    };
    this.timer = setInterval(() => this.#tick(), TICK_MS);
    this.framing = requestAnimationFrame(frame);
  }

  #tick() {
    const { player } = this;
    if (player.audio.paused) {
      clearInterval(this.timer);
      this.timer = null;
      // A hidden tab keeps the frame that was asked for until it is shown.
      cancelAnimationFrame(this.framing);
    } else this.#loop();
    player.emit("tick");
  }

  #loop() {
    const { audio, looping, range, second } = this.player;
    if (audio.seeking || audio.paused) return;
    if (looping && second >= range[1]) this.again();
    else if (this.player.stopsBefore(second)) this.player.stop();
  }

  /** Back to the start of the loop; false where the voice has no sound in it, and it is over. */
  again() {
    const { player } = this;
    const sounds = player.call.hasSound(player.voice, player.range);
    if (sounds) player.seek(player.range[0]);
    else player.setLooping(false);
    return sounds;
  }
}
