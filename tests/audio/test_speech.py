"""Speech is found where it was laid down, within 100 ms, whatever file it comes in."""

import io
import math
import random
from array import array

import pytest

from recordings.audio.analysis import analyse
from recordings.audio.speech import BRIDGED_MS, LevelMeter, spans
from tests.audio.voices import DIALOGUES, SIDES, body, samples, true_spans, whole

WITHIN_MS = 100


def files(name: str, side: str) -> dict[str, tuple[bytes, int]]:
    """The files in which a side can be heard, and its lane there."""
    clip = whole(name)
    return {
        "leg as WAV": (body(clip.leg(side)), 0),
        "leg as mu-law": (body(clip.leg(side, mulaw=True)), 0),
        "leg as MP3": (body(clip.mp3(side)), 0),
        "mixed": (body(clip.mp3("mixed")), SIDES.index(side)),
    }


def found(lane: array) -> list[tuple[int, int]]:
    meter = LevelMeter()
    meter.feed(lane)
    return spans(meter.levels())


def with_noise(lane: array, rms: float) -> array:
    chance = random.Random(2)
    return array("h", (max(-32768, min(32767, round(x + chance.gauss(0, rms)))) for x in lane))


def silence(seconds: int) -> array:
    return array("h", bytes(16_000 * seconds))


def assert_agree(actual, truth):
    assert len(actual) == len(truth)
    for (start, end), (true_start, true_end) in zip(actual, truth, strict=True):
        assert abs(start - true_start) <= WITHIN_MS
        assert abs(end - true_end) <= WITHIN_MS


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", DIALOGUES)
def test_every_turn_begins_and_ends_where_it_was_laid(name, side):
    for content, lane in files(name, side).values():
        assert_agree(analyse(io.BytesIO(content)).spans[lane], true_spans(name, side))


@pytest.mark.parametrize("name", DIALOGUES[:3])
def test_a_line_that_hisses_changes_nothing(name):
    # 100 of 4,200: a line some 30 dB below the voice, which is bad for a telephone.
    for side in SIDES:
        assert_agree(found(with_noise(samples(name, side), 100)), true_spans(name, side))


@pytest.mark.parametrize("gain", [0.1, 0.3, 2.0])
def test_a_soft_voice_is_a_voice_too(gain):
    lane = samples("double-charge", "agent")
    quieter = array("h", (max(-32768, min(32767, round(x * gain))) for x in lane))

    assert_agree(found(quieter), true_spans("double-charge", "agent"))


def test_a_line_with_an_offset_changes_nothing():
    lane = array("h", (min(32767, x + 1000) for x in samples("warranty", "agent")))

    assert_agree(found(lane), true_spans("warranty", "agent"))


@pytest.mark.parametrize("hiss", [30, 150])
def test_somebody_who_speaks_seldom_on_a_line_that_hisses_is_heard(hiss):
    truth = true_spans("warranty", "agent")[:1]
    lane = samples("warranty", "agent")[: 8 * (truth[0][1] + 500)] + silence(100)

    assert_agree(found(with_noise(lane, hiss)), truth)


def test_a_line_that_begins_to_hiss_late_says_nothing():
    hiss = with_noise(silence(20), 150)

    assert found(silence(15) + hiss + silence(15) + hiss) == []


def test_the_tone_before_a_call_is_answered_is_no_speech():
    tone = array("h", (round(6000 * math.sin(0.334 * n)) for n in range(8000)))
    lane = (tone + silence(4)) * 3 + samples("warranty", "agent")

    truth = [(start + 15_000, end + 15_000) for start, end in true_spans("warranty", "agent")]
    assert_agree(found(lane), truth)


@pytest.mark.parametrize(
    "lane",
    [
        array("h"),
        array("h", [0] * 80_000),
        array("h", [5, -5] * 40_000),
        with_noise(array("h", [0] * 80_000), 300),
        array("h", [8000, -8000] * 40_000),
    ],
    ids=["empty", "silent", "faint", "noise", "tone"],
)
def test_without_words_there_is_no_speech(lane):
    assert found(lane) == []


def test_a_click_is_no_speech():
    lane = samples("warranty", "agent")
    before = found(lane)
    for sample in range(4000, 4160):
        lane[len(lane) - sample] = 20_000

    assert found(lane) == before


def test_pauses_within_words_are_bridged_and_longer_ones_are_not():
    word = samples("warranty", "agent")[4000:12000]
    short = array("h", bytes(16 * (BRIDGED_MS - 150)))
    long = array("h", bytes(16 * (BRIDGED_MS + 150)))

    assert len(found(silence(2) + word + short + word + silence(2))) == 1
    assert len(found(silence(2) + word + long + word + silence(2))) == 2


def test_levels_do_not_depend_on_how_samples_come():
    lane = samples("warranty", "agent")[:30_000]
    together, apart = LevelMeter(), LevelMeter()
    together.feed(lane)
    for start in range(0, len(lane), 777):
        apart.feed(lane[start : start + 777])

    assert apart.levels() == together.levels()
    assert len(together.levels()) == 375


def test_the_level_of_full_scale_is_180_half_decibels():
    meter = LevelMeter()
    meter.feed(array("h", [32767, -32767] * 40))

    assert list(meter.levels()) == [181]
