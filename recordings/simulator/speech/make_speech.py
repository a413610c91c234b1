"""Speak the dialogues with espeak-ng and write the legs, the mixed file and the manifest.

Needs espeak-ng and ffmpeg with libmp3lame: `python -m recordings.simulator.speech.make_speech`.
"""

from __future__ import annotations

import json
import subprocess
from array import array
from pathlib import Path

from recordings.simulator.speech.dialogues import SCRIPTS, Script, Voice

FOLDER = Path(__file__).parent
RATE = 8000
FRAME = 576  # samples in an MPEG 2.5 layer III frame
LEAD, TAIL = 0.5, 0.6
CODEC_DELAY = 1105
"""Samples by which LAME and a decoder put the sound later; cut from the leading silence."""
LOUDNESS, PEAK = 4200, 27000
TELEPHONE = "highpass=f=250,lowpass=f=3400"


def run(command: list[str], data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout  # noqa: S603


def ffmpeg(arguments: list[str], data: bytes) -> bytes:
    return run(["ffmpeg", "-v", "error", *arguments, "pipe:1"], data)


def speak(voice: Voice, text: str) -> array[int]:
    """The words as 16-bit samples at 8 kHz, without the silence around them."""
    spoken = run(
        ["espeak-ng", "-v", voice.name, "-s", str(voice.speed), "-p", str(voice.pitch), "--stdout"],
        text.encode(),
    )
    trim = "silenceremove=start_periods=1:start_threshold=-45dB"
    filters = f"{TELEPHONE},{trim},areverse,{trim},areverse"
    raw = ["-f", "s16le", "-ar", str(RATE), "-ac", "1"]
    return levelled(array("h", ffmpeg(["-i", "pipe:0", "-af", filters, *raw], spoken)))


def levelled(samples: array[int]) -> array[int]:
    """All turns about equally loud, none of them clipped."""
    loudness = (sum(sample * sample for sample in samples) / len(samples)) ** 0.5
    gain = min(LOUDNESS / loudness, PEAK / max(map(abs, samples)))
    return array("h", (round(sample * gain) for sample in samples))


def make(script: Script) -> None:
    """Write `agent.wav`, `customer.wav`, three MP3 files and `call.json`."""
    voices = {"agent": script.agent, "customer": script.customer}
    legs = {name: array("h") for name in voices}
    position = int(LEAD * RATE)
    turns = []
    for speaker, pause, text, translation in script.lines:
        samples = speak(voices[speaker], text)
        start = position + int(pause * RATE)
        leg = legs[speaker]
        leg.extend([0] * (start - len(leg)))
        leg.extend(samples)
        position = start + len(samples)
        other = next(voice for name, voice in voices.items() if name != speaker)
        turns.append(
            {
                "speaker": speaker,
                "language": voices[speaker].language,
                "text": text,
                "translation": translation,
                "translated_to": other.language,
                "start": round(start / RATE, 3),
                "end": round(position / RATE, 3),
            }
        )
    # Whole MP3 frames, so that all files are equally long and may be repeated.
    frames = -(-(position + int(TAIL * RATE)) // FRAME)
    for leg in legs.values():
        leg.extend([0] * (frames * FRAME - len(leg)))
    write(script, legs, frames, turns)


def write(script: Script, legs: dict[str, array[int]], frames: int, turns: list[dict]) -> None:
    folder = FOLDER / script.name
    folder.mkdir(exist_ok=True)
    raw = ["-f", "s16le", "-ar", str(RATE)]
    for name, leg in legs.items():
        data = leg.tobytes()
        mulaw = ["-c:a", "pcm_mulaw", "-f", "wav", "-bitexact"]
        wav = ffmpeg([*raw, "-ac", "1", "-i", "pipe:0", *mulaw], data)
        (folder / f"{name}.wav").write_bytes(fixed_sizes(wav))
        (folder / f"{name}.mp3").write_bytes(mp3(data, 1, 16, frames))
    stereo = array("h", [0]) * (2 * frames * FRAME)
    stereo[0::2], stereo[1::2] = legs["agent"], legs["customer"]
    (folder / "mixed.mp3").write_bytes(mp3(stereo.tobytes(), 2, 32, frames))
    manifest = {
        "name": script.name,
        "languages": {"agent": script.agent.language, "customer": script.customer.language},
        "voices": {"agent": script.agent.name, "customer": script.customer.name},
        "frames": frames,
        "duration": round(frames * FRAME / RATE, 3),
        "turns": turns,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "call.json").write_text(text + "\n", encoding="utf-8")


def fixed_sizes(wav: bytes) -> bytes:
    """Written to a pipe, the two sizes in a WAV header stay unknown; fill them in."""
    data = wav.index(b"data") + 4
    body = wav[data + 4 :]
    head = wav[:4] + (len(wav) - 8).to_bytes(4, "little") + wav[8:data]
    return head + len(body).to_bytes(4, "little") + body


def mp3(samples: bytes, channels: int, kilobits: int, frames: int) -> bytes:
    """Constant bit rate, no tags and no bit reservoir: every frame stands alone."""
    # Silence follows, so that the encoder hands out its last frame too.
    samples = samples[CODEC_DELAY * channels * 2 :] + bytes(4 * FRAME * channels * 2)
    lame = ["-c:a", "libmp3lame", "-b:a", f"{kilobits}k", "-reservoir", "0", "-joint_stereo", "0"]
    bare = ["-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"]
    source = ["-f", "s16le", "-ar", str(RATE), "-ac", str(channels), "-i", "pipe:0"]
    encoded = ffmpeg([*source, *lame, *bare], samples)
    return encoded[: frames * kilobits * 1000 // 8 * FRAME // RATE]


if __name__ == "__main__":
    for script in SCRIPTS:
        make(script)
