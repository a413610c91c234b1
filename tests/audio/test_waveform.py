"""Peaks, and the bytes in which a browser gets them."""

import gzip
import random
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audio.waveform import PEAKS_PER_SECOND, PeakMeter, pack
from tests.audio.voices import DIALOGUES, samples


def peaks(*blocks) -> bytes:
    meter = PeakMeter()
    for block in blocks:
        meter.feed(array("h", block))
    return meter.peaks()


@pytest.mark.parametrize(
    ("sample", "peak"),
    [(0, 0), (255, 0), (256, 1), (-1, 0), (-257, 1), (32767, 127), (-32768, 127), (12800, 50)],
)
def test_a_peak_is_the_loudest_sample_in_256ths(sample, peak):
    assert peaks([0] * 399 + [sample]) == bytes([peak])


def test_four_hundred_samples_are_a_peak_and_the_rest_is_one_too():
    assert peaks([256] * 400 + [512] * 400 + [768]) == bytes([1, 2, 3])
    assert peaks() == b""


@given(st.lists(st.lists(st.integers(-32768, 32767), max_size=900), max_size=4))
def test_peaks_do_not_depend_on_how_samples_come(blocks):
    together = [sample for block in blocks for sample in block]
    by_definition = bytes(
        min(127, max(x if x >= 0 else -x - 1 for x in together[start : start + 400]) >> 8)
        for start in range(0, len(together), 400)
    )

    assert peaks(*blocks) == by_definition


def test_the_form_is_what_its_description_says():
    packed = pack([b"\1\2\3", b"\4\5\6"], [[(10, 20)], [(0, 5), (30, 4_000_000)]], 150)

    assert struct.unpack_from("<BBHII", packed) == (1, 2, PEAKS_PER_SECOND, 3, 150)
    assert struct.unpack_from("<2I", packed, 12) == (1, 2)
    assert packed[20:28] == b"\1\2\3\4\5\6\0\0"
    assert struct.unpack_from("<6I", packed, 28) == (10, 20, 0, 5, 30, 4_000_000)
    assert len(packed) == 52


def test_one_lane_without_speech_is_a_form_too():
    packed = pack([b"\1\2\3\4"], [[]], 200)

    assert struct.unpack_from("<BBHIII", packed) == (1, 1, PEAKS_PER_SECOND, 4, 200, 0)
    assert packed[16:] == b"\1\2\3\4"


def test_an_hour_of_two_voices_stays_under_110_kilobytes_on_the_wire():
    """Every dialogue again and again, each time louder or softer, so that nothing repeats."""
    chance = random.Random(5)
    voices = {
        side: [peaks(samples(name, side)) for name in DIALOGUES] for side in ("agent", "customer")
    }
    lanes = []
    for pieces in voices.values():
        lane = bytearray()
        while len(lane) < 3600 * PEAKS_PER_SECOND:
            loudness = chance.uniform(0.3, 2.0)
            piece = chance.choice(pieces)
            lane.extend(min(127, round(p * loudness + chance.uniform(0, 1.5))) for p in piece)
        lanes.append(bytes(lane[: 3600 * PEAKS_PER_SECOND]))
    spans = [[(n * 4000 + 7 * n % 900, n * 4000 + 2500) for n in range(900)]] * 2

    assert len(gzip.compress(pack(lanes, spans, 3_600_000), 6)) < 110_000
