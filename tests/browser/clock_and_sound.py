"""What a browser plays at a second of its clock, found again in the sound as the portal decodes it.

The page plays a file from some seconds on and catches the samples that sound. Where in the
portal's own decoding they stand tells how far the sound is from the clock.
"""

import base64
import io
from array import array
from collections.abc import Callable
from uuid import uuid4

from recordings.audio.decode import RATE, open_sound
from recordings.simulator import make_call
from tests.audio.files import wav
from tests.audio.odd import odd, rising_tone, with_junk

MOST_OFF_S = 0.2
MP3S = (
    *("joined-cbr-info.mp3", "silent-start-vbr.mp3", "picture-vbr.mp3", "cut-xing-vbr.mp3"),
    *("damaged-vbr.mp3", "damaged-middle.mp3", "cut-info-cbr.mp3"),
)
# Given the address of the sound, the seconds and what is decoded (16 bits, base64): plays from each
# second on, and notes the second, the clock, and how far off the sound is, positive if it is late.
LISTEN = """
window.hearing = { done: false, error: "", found: [] };
(async (address, seconds, decoded, rate) => {
  const { hearing } = window;
  const reference = new Int16Array(Uint8Array.from(atob(decoded), (c) => c.charCodeAt(0)).buffer);
  const sound = new Audio();
  const context = (window.listening ??= new AudioContext({ sampleRate: rate }));
  await context.resume();
  const analyser = new AnalyserNode(context, { fftSize: 2048 });
  context.createMediaElementSource(sound).connect(analyser).connect(context.destination);
  const caught = new Float32Array(analyser.fftSize);
  const once = (name) => new Promise((resolve, reject) => {
    sound.addEventListener(name, resolve, { once: true });
    sound.addEventListener("error", () => reject(new Error(sound.error.message)), { once: true });
  });
  // The best place of the caught samples among the decoded ones, by normalised correlation.
  const place = (clock) => {
    let best = [0, null];
    const around = Math.round((clock - caught.length / rate) * rate);
    for (let shift = -4 * rate; shift <= 4 * rate; shift += 1) {
      const start = around + shift;
      if (start < 0 || start + caught.length > reference.length) continue;
      let [both, own] = [0, 1];
      for (let n = 0; n < caught.length; n += 2) {
        const there = reference[start + n];
        both += caught[n] * there;
        own += there * there;
      }
      const alike = both / Math.sqrt(own);
      if (alike > best[0]) best = [alike, start / rate + caught.length / rate - clock];
    }
    return best[1];
  };
  try {
    const loaded = once("loadedmetadata");
    sound.src = address;
    await loaded;
    for (const second of seconds) {
      const sought = once("seeked");
      sound.currentTime = second;
      await sought;
      await sound.play();
      const began = sound.currentTime;
      while (sound.currentTime < began + 0.5) await new Promise((r) => setTimeout(r, 20));
      analyser.getFloatTimeDomainData(caught);
      const clock = sound.currentTime;
      sound.pause();
      hearing.found.push([second, clock, place(clock)]);
    }
    hearing.length = sound.duration;
  } catch (error) {
    hearing.error = `${error}`;
  }
  sound.removeAttribute("src");
  sound.load();
  hearing.done = true;
})(...arguments[0]);
"""
RESULT = "return window.hearing?.done ? window.hearing : null"


def files() -> dict[str, bytes]:
    """Odd sound files by name."""
    sound = rising_tone(45)
    third = len(sound) // 3
    wavs = {
        "size-zero-behind-4k-junk.wav": with_junk(wav(sound, data_size=0, riff_size=4088), 4000),
        "size-too-small.wav": wav(sound, data_size=third, riff_size=third + 36),
    }
    return wavs | {name: odd(name) for name in MP3S}


def calls_of(contents: dict[str, bytes]) -> tuple[list, dict[str, str]]:
    """Calls that hold these files, three each, and the address of each file's audio."""
    names, calls, addresses = list(contents), [], {}
    for start in range(0, len(names), 3):
        call = f"sess_{uuid4().hex[:20]}"
        placed = dict(zip(("mixed", "agent", "customer"), names[start : start + 3], strict=False))
        calls.append(
            make_call(call, {side: contents[name] for side, name in placed.items()}, duration=45)
        )
        for side, name in placed.items():
            addresses[name] = f"/recordings/rec_{call.removeprefix('sess_')}_{side}/audio"
    return calls, addresses


def decoded(content: bytes) -> array:
    """The samples of the first lane, 8,000 a second, as the waveform is made of them."""
    samples = array("h")
    for block in open_sound(io.BytesIO(content)).blocks():
        samples.extend(block[0])
    return samples


def given(address: str, content: bytes, shares=(0.65, 0.45, 0.9)) -> list:
    """What `LISTEN` takes, for a file at these shares of its length."""
    samples = decoded(content)
    seconds = [len(samples) / RATE * share for share in shares]
    return [address, seconds, base64.b64encode(samples.tobytes()).decode(), RATE]


def check(hear: Callable[[str, bytes], dict]) -> None:
    """Have the browser listen to each file; `hear(name, content)` returns what `LISTEN` found."""
    for name, content in files().items():
        told = hear(name, content)
        assert not told["error"], name
        assert abs(told["length"] - len(decoded(content)) / RATE) < MOST_OFF_S, name
        assert len(told["found"]) == 3, name
        for second, clock, late in told["found"]:
            assert abs(clock - second) < 2, name
            assert late is not None, name
            assert abs(late) < MOST_OFF_S, (name, second, late)
