"""Samples from files of every kind, whole, cut and hostile."""

import contextlib
import io
import tracemalloc
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.audio.decode import RATE, Undecodable, open_sound
from recordings.audio.playable import facts
from tests.audio.files import data, wav
from tests.audio.voices import body, mono, samples, whole


def decode(content: bytes) -> list[array]:
    sound = open_sound(io.BytesIO(content))
    lanes = [array("h") for _ in range(sound.lanes)]
    for block in sound.blocks():
        assert len({len(lane) for lane in block}) == 1
        for lane, piece in zip(lanes, block, strict=True):
            lane.extend(piece)
    return lanes


@pytest.mark.parametrize(
    ("name", "lanes"),
    [
        ("alaw-8k.wav", 1),
        ("cbr-8k-mono.mp3", 1),
        ("cbr-8k-stereo-info.mp3", 2),
        ("float32-8k.wav", 1),
        ("ima-adpcm-8k.wav", 1),
        ("mp3-in-8k.wav", 1),
        ("ms-adpcm-8k.wav", 1),
        ("mulaw-8k.wav", 1),
        ("pcm16-8k.wav", 1),
        ("streamed-8k.wav", 1),
        ("vbr-44k-stereo-untagged-id3.mp3", 2),
        ("vbr-8k-mono-untagged.mp3", 1),
        ("vbr-8k-mono-xing.mp3", 1),
    ],
)
def test_every_lane_is_as_long_as_the_file_truly_is(name, lanes):
    decoded = decode(data(name))

    assert len(decoded) == lanes
    true_s = facts(io.BytesIO(data(name))).duration_s
    assert len(decoded[0]) / RATE == pytest.approx(true_s, abs=0.15)
    assert max(max(lane) for lane in decoded) > 1000


def test_samples_at_8_khz_come_through_unchanged_and_in_their_lane():
    left, right = samples("warranty", "agent"), samples("warranty", "customer")
    both = array("h", bytes(4 * len(left)))
    both[0::2], both[1::2] = left, right

    assert decode(wav(both.tobytes(), channels=2)) == [left, right]


def test_of_more_than_two_channels_the_first_two_are_lanes():
    left, right = samples("warranty", "agent"), samples("warranty", "customer")
    three = array("h", bytes(6 * len(left)))
    three[0::3], three[1::3] = left, right

    assert decode(wav(three.tobytes(), channels=3)) == [left, right]


@pytest.mark.parametrize("rate", [4000, 6000, 11025, 16000, 44100, 48000])
def test_every_rate_becomes_8_khz(rate):
    (decoded,) = decode(wav(bytes(2 * rate * 2), rate=rate))

    assert len(decoded) == pytest.approx(2 * RATE, abs=10)


def test_a_wav_that_was_never_finished_is_decoded_to_its_end():
    lane = samples("warranty", "agent")

    assert decode(wav(lane.tobytes(), data_size=0, riff_size=0)) == [lane]


@pytest.mark.parametrize("name", ["cbr-8k-mono.mp3", "pcm16-8k.wav", "vbr-8k-mono-untagged.mp3"])
def test_a_cut_file_gives_what_is_there(name):
    content = data(name)

    (cut,) = decode(content[: len(content) // 2])

    assert len(cut) == pytest.approx(len(decode(content)[0]) / 2, rel=0.25)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (data("gsm610-8k.wav"), "WAV files with GSM 6.10 sound cannot be decoded here."),
        (data("g726-8k.wav"), "WAV files with G.726 ADPCM sound cannot be decoded here."),
        (b"", "Bytes that are no audio cannot be decoded here."),
        (b"<html>not found</html>", "Bytes that are no audio cannot be decoded here."),
        (b"OggS" + bytes(100), "Ogg files cannot be decoded here."),
        (wav(bytes(80), channels=0), "does not say how its sound is stored"),
        (wav(bytes(80), channels=9), "does not say how its sound is stored"),
        (wav(bytes(80), rate=0), "does not say how its sound is stored"),
        (wav(bytes(80), rate=1), "does not say how its sound is stored"),
        (b"fLaC" + bytes(60), "does not say how its sound is stored"),
        (wav(bytes(80))[:20], "does not say how its sound is stored"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_what_cannot_be_decoded_is_said_in_a_sentence(content, sentence):
    with pytest.raises(Undecodable, match=sentence):
        decode(content)


def test_a_disk_that_fails_is_an_error_of_the_disk():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 50_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    sound = open_sound(Failing(mono(samples("warranty", "agent"))))

    with pytest.raises(OSError, match="Input/output error"):
        list(sound.blocks())


def test_sound_without_end_is_left_off(monkeypatch):
    monkeypatch.setattr("recordings.audio.decode.LONGEST_S", 4)
    sound = open_sound(io.BytesIO(mono(samples("warranty", "agent"))))

    assert sum(len(lane) for (lane,) in sound.blocks()) <= 4 * RATE
    assert sound.cut


def test_an_hour_needs_no_more_memory_than_a_minute():
    hour = whole("warranty").repeated(140).mp3("mixed")
    content = io.BytesIO(body(hour))
    tracemalloc.start()
    try:
        for _ in open_sound(content).blocks():
            pass
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 3 * 2**20


SEEDS = [
    data(name)[:4000]
    for name in (
        "cbr-8k-stereo-info.mp3",
        "float32-8k.wav",
        "ima-adpcm-8k.wav",
        "mp3-in-8k.wav",
        "ms-adpcm-8k.wav",
        "pcm16-8k.wav",
        "vbr-44k-stereo-untagged-id3.mp3",
    )
]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 3999), st.integers(0, 255))))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_spoilt_files_raise_nothing_undocumented(content, changes):
    spoilt = bytearray(content)
    for position, value in changes:
        spoilt[position % len(spoilt)] = value
    with contextlib.suppress(Undecodable):
        decode(bytes(spoilt))
