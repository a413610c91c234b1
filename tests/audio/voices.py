"""The demo's speech for tests about sound: its files, its samples, and when who truly speaks."""

from array import array
from itertools import pairwise

from recordings.audio.speech import BRIDGED_MS
from recordings.simulator.spoken import SPEECH, Clip, Dialogue
from tests.audio.files import wav

DIALOGUES = sorted(path.parent.name for path in SPEECH.glob("*/call.json"))
SIDES = ("agent", "customer")


def whole(name: str) -> Clip:
    return Dialogue(name).whole()


def body(source) -> bytes:
    """All bytes of one of the simulator's sources."""
    return b"".join(bytes(block) for block in source.blocks(0, source.size))


def samples(name: str, side: str) -> array:
    """One voice as 16-bit samples at 8 kHz."""
    return array("h", body(whole(name).leg(side))[44:])


def mono(lane: array) -> bytes:
    return wav(lane.tobytes())


def stereo(left: array, right: array) -> bytes:
    """A WAV file of two lanes; the shorter one is silent at its end."""
    frames = max(len(left), len(right))
    both = array("h", bytes(4 * frames))
    both[0 : 2 * len(left) : 2] = left
    both[1 : 2 * len(right) : 2] = right
    return wav(both.tobytes(), channels=2)


def later(lane: array, milliseconds: int) -> array:
    return array("h", bytes(16 * milliseconds)) + lane


def true_spans(name: str, side: str) -> list[tuple[int, int]]:
    """When a side speaks, in milliseconds, by the manifest: from where its samples were laid."""
    turns = [turn for turn in Dialogue(name).turns if turn.speaker == side]
    spans = [(round(turn.start * 1000), round(turn.end * 1000)) for turn in turns]
    # What the definition of speech calls a pause within it must not be in the truth either.
    assert all(after[0] - before[1] >= BRIDGED_MS for before, after in pairwise(spans))
    return spans
