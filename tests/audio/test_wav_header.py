"""The chunks of a WAV file tell its codec and duration, and lies about sizes are noticed."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audio.wav_header import read_header

from .files import data, wav

SOUND = bytes(16_000)  # a second of 8 kHz, 16 bit, mono
LIST = b"LIST\x08\x00\x00\x00INFOxxxx"


def read(content: bytes):
    return read_header(io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "codec", "duration", "playable", "wrong"),
    [
        ("pcm16-8k.wav", "PCM 16 bit", 1.0, True, False),
        ("mulaw-8k.wav", "mu-law", 1.0, True, False),
        ("alaw-8k.wav", "A-law", 1.0, True, False),
        ("float32-8k.wav", "IEEE float 32 bit", 0.5, True, False),
        ("streamed-8k.wav", "PCM 16 bit", 1.0, True, True),
        ("gsm610-8k.wav", "GSM 6.10", 4.0, False, False),
        ("ima-adpcm-8k.wav", "IMA ADPCM", 2.041, False, False),
        ("ms-adpcm-8k.wav", "Microsoft ADPCM", 2.036, False, False),
        ("g726-8k.wav", "G.726 ADPCM", 2.0, False, False),
        ("mp3-in-8k.wav", "MP3", 4.138, False, False),
    ],
)
def test_real_files(name, codec, duration, playable, wrong):
    facts = read(data(name))
    assert (facts.container, facts.codec) == ("RIFF", codec)
    assert (facts.channels, facts.sample_rate) == (1, 8000)
    assert facts.duration_s == pytest.approx(duration, abs=0.0005)
    assert (facts.browser_playable, facts.sizes_wrong) == (playable, wrong)


@pytest.mark.parametrize(
    "sizes",
    [
        {"data_size": 0},
        {"data_size": 0xFFFFFFFF},
        {"data_size": 0xFFFFFFFF, "riff_size": 0xFFFFFFFF},
        {"data_size": 0x7FFFF000, "riff_size": 0x7FFFF024},
        {"data_size": 16_002},
        {"data_size": 8_000},
        {"riff_size": 0},
        {"riff_size": 9_999},
        {"riff_size": 99_999},
    ],
)
def test_wrong_sizes_are_noticed_and_the_true_ones_told(sizes):
    facts = read(wav(SOUND, **sizes))
    assert facts.sizes_wrong
    assert (facts.data_size, facts.duration_s) == (16_000, 1.0)
    assert facts.declared_data_size == sizes.get("data_size", 16_000)


@pytest.mark.parametrize(
    "content",
    [
        wav(SOUND),
        wav(SOUND, tail=LIST),
        wav(SOUND, riff_size=36 + 16_000 + 1),
        wav(b"", data_size=0),
        wav(b"", data_size=0, tail=LIST),
        wav(b"\x80" * 801, bits=8, tail=b"\0" + LIST),
        wav(b"\x80" * 801, bits=8, tail=LIST),
    ],
)
def test_true_sizes_are_believed(content):
    assert not read(content).sizes_wrong


def test_chunks_after_the_sound_are_no_sound():
    assert read(wav(SOUND, tail=LIST)).data_size == 16_000
    assert read(wav(b"", tail=LIST)).duration_s == 0


def test_a_cut_file_has_what_is_there():
    facts = read(wav(SOUND)[:-4001])
    assert facts.sizes_wrong
    assert facts.data_size == 11_998


def test_rf64_takes_its_sizes_from_ds64():
    plain = wav(SOUND, data_size=0xFFFFFFFF)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(plain) - 8 + 36, 16_000, 8_000, 0)
    content = b"RF64\xff\xff\xff\xffWAVE" + ds64 + plain[12:]
    facts = read(content)
    assert (facts.container, facts.declared_data_size) == ("RF64", 16_000)
    assert not facts.sizes_wrong


@pytest.mark.parametrize(
    ("options", "playable"),
    [
        ({"bits": 8}, True),
        ({"bits": 24, "channels": 2}, True),
        ({"bits": 12}, False),
        ({"tag": 3, "bits": 64}, False),
        ({"tag": 6, "bits": 8}, True),
        ({"tag": 0x64, "bits": 4}, False),
        ({"tag": 0xFFFE}, False),
        ({"tag": 0x1234}, False),
        ({"channels": 0}, False),
    ],
)
def test_what_browsers_decode(options, playable):
    assert read(wav(SOUND, **options)).browser_playable == playable


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0AVI ", wav(b"")[:40], bytes(99)])
def test_no_wav(content):
    assert read(content) is None


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1), st.integers(0, 60), st.booleans())
def test_whatever_the_bytes_are_nothing_raises(rubbish, size, cut, inside):
    content = wav(rubbish, data_size=size, tag=size % 0x70, bits=size % 40, rate=size % 9)
    read(content[:cut] + rubbish + content[cut:] if inside else content[: 60 - cut])
    read(b"RF64" + content[4:12] + rubbish + content[12:])
