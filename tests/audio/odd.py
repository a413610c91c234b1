"""Damaged, joined and unusual sound files, as they came up elsewhere, and what is right of them.

Most of them sound a tone that rises: `300 + 60 t` Hz at second t, so that what is heard tells
where in the file one is.
"""

import math
import random
import struct
from array import array
from itertools import pairwise

from .files import DATA, data, wav

RATE = 8000
ODD = sorted(path.name for path in (DATA / "odd").iterdir() if path.suffix != ".md")


def odd(name: str) -> bytes:
    """A file of data/odd."""
    return (DATA / "odd" / name).read_bytes()


def pitch_at(second: float) -> float:
    """Hz that sound at `second`."""
    return 300 + 60 * second


def rising_tone(seconds: float) -> bytes:
    """Samples of 16 bits at 8 kHz, as in the body of a WAV file."""
    times = (n / RATE for n in range(round(seconds * RATE)))
    samples = array("h", (int(14745 * math.sin(math.tau * (300 * t + 30 * t * t))) for t in times))
    if struct.pack("=h", 1) != struct.pack("<h", 1):
        samples.byteswap()
    return samples.tobytes()


def with_junk(content: bytes, length: int) -> bytes:
    """A WAV file with a JUNK chunk of `length` bytes before its other chunks."""
    return content[:12] + struct.pack("<4sI", b"JUNK", length) + bytes(length) + content[12:]


def odd_wavs(seconds: float = 45) -> dict[str, bytes]:
    """WAV files whose sizes are wrong, of `seconds` of rising tone."""
    sound = rising_tone(seconds)
    third = len(sound) // 3
    return {
        "size-zero-behind-4k-junk": with_junk(wav(sound, data_size=0, riff_size=4088), 4000),
        "size-zero-behind-100k-junk": with_junk(wav(sound, data_size=0, riff_size=0), 100_000),
        "size-too-small": wav(sound, data_size=third, riff_size=third + 36),
        "size-too-small-behind-junk": with_junk(
            wav(sound, data_size=third, riff_size=third + 36 + 1008), 1000
        ),
        "size-wrapped": wav(sound, data_size=len(sound) % 65_536, riff_size=36),
        "data-too-small-riff-right": wav(sound, data_size=third),
        "riff-size-wrong": wav(sound, riff_size=999),
    }


def joined_with_rubbish(seed: int) -> bytes:
    """Two phone calls in MP3 with random bytes between them, as a cover picture may leave."""
    dice = random.Random(seed)
    call = data("cbr-8k-mono.mp3")
    return call + dice.randbytes(dice.choice([300, 100_000, 1_000_000])) + call


def mutated(content: bytes, seed: int) -> bytes:
    """`content` with some bytes changed, left out, put in or cut off."""
    dice = random.Random(seed)
    cuts = sorted(dice.randrange(len(content) + 1) for _ in range(dice.randrange(1, 7)))
    pieces = [content[start:end] for start, end in pairwise([0, *cuts])]
    between = (dice.randbytes(dice.choice([0, 1, 4, 300])) for _ in pieces)
    return b"".join(piece + rubbish for piece, rubbish in zip(pieces, between, strict=True))
