"""What the player gets instead of bytes that browsers misjudge, and the facts kept of a file."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audio import playable
from recordings.audio.mp3_frames import scan
from recordings.audio.playable import Playable, Unplayable, facts, plan, read_at
from recordings.audio.player_form import is_settled, judged_bytes
from recordings.audio.sniff import AAC, AUDIO_TYPES, MP3, OGG, WAV
from recordings.audio.wav_header import read_header

from .files import DATA, MPEG1_STEREO, apev2, data, frame, id3v1, id3v2, wav

ALL = sorted(path.name for path in DATA.iterdir() if path.suffix in (".mp3", ".wav"))


def planned(content: bytes):
    return plan(io.BytesIO(content))


def whole(content: bytes, form) -> bytes:
    return b"".join(read_at(io.BytesIO(content), form))


@pytest.mark.parametrize(
    "name",
    [
        "cbr-8k-mono.mp3",
        "cbr-8k-stereo-info.mp3",
        "vbr-8k-mono-xing.mp3",
        "pcm16-8k.wav",
        "mulaw-8k.wav",
        "alaw-8k.wav",
        "float32-8k.wav",
    ],
)
def test_what_browsers_understand_stays_as_it_is(name):
    assert planned(data(name)) is None


@pytest.mark.parametrize("name", ["vbr-8k-mono-untagged.mp3", "vbr-44k-stereo-untagged-id3.mp3"])
def test_untagged_vbr_gets_a_true_index_and_keeps_every_frame(name):
    content = data(name)
    before, form = scan(io.BytesIO(content)), planned(content)
    after_content = whole(content, form)
    after = scan(io.BytesIO(after_content))
    assert after.index_tag.kind == "Xing"
    assert after.index_tag.frames == after.frames == before.frames
    assert (after.sample_rate, after.channels) == (before.sample_rate, before.channels)
    assert after_content.endswith(content[before.first_frame_offset :])
    assert form.mime == "audio/mpeg"
    assert planned(after_content) is None


def test_the_index_points_at_the_frames():
    content = data("vbr-8k-mono-untagged.mp3")
    after_content = whole(content, planned(content))
    after = scan(io.BytesIO(after_content))
    toc = after_content[after_content.index(b"Xing") + 16 :][:100]
    for point, position in enumerate(after.positions(100)):
        assert toc[point] * len(after_content) / 256 == pytest.approx(
            position, abs=len(after_content) / 256
        )


def test_an_index_that_claims_too_much_is_replaced():
    content = data("vbr-8k-mono-xing.mp3")[:30_000]
    form = planned(content)
    assert form.source_offset == 216  # the old index is left out
    after = scan(io.BytesIO(whole(content, form)))
    assert after.index_tag.frames == after.frames < 283


def test_constant_bitrate_loses_an_untrue_index():
    content = data("cbr-8k-stereo-info.mp3")[:20_000]
    assert planned(content) == Playable(b"", 277, "audio/mpeg")


def test_joined_files_get_one_index():
    content = data("vbr-8k-mono-xing.mp3") * 2
    after = scan(io.BytesIO(whole(content, planned(content))))
    # The second index frame plays as one silent frame.
    assert after.index_tag.frames == after.frames == 283 * 2 + 1


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 999_999, 500])
def test_wrong_wav_sizes_are_mended(size):
    sound = bytes(range(256)) * 10
    content = wav(sound, data_size=size)
    form = planned(content)
    assert (form.source_offset, form.mime) == (44, "audio/wav")
    assert whole(content, form) == wav(sound)


def test_a_streamed_wav_is_mended():
    content = data("streamed-8k.wav")
    mended = whole(content, planned(content))
    assert not read_header(io.BytesIO(mended)).sizes_wrong
    assert mended.endswith(content[78:])


def test_rf64_becomes_riff():
    plain = wav(bytes(800), data_size=0xFFFFFFFF)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(plain) - 8 + 36, 800, 400, 0)
    content = b"RF64\xff\xff\xff\xffWAVE" + ds64 + plain[12:]
    assert whole(content, planned(content)) == wav(bytes(800))


def test_mp3_inside_wav_goes_out_as_mp3():
    content = data("mp3-in-8k.wav")
    form = planned(content)
    assert form.mime == "audio/mpeg"
    assert whole(content, form) == content[104:]
    assert facts(io.BytesIO(content)).codec == "MPEG-2.5 layer III in WAV"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("gsm610-8k.wav", "GSM 6.10"),
        ("ima-adpcm-8k.wav", "IMA ADPCM"),
        ("ms-adpcm-8k.wav", "Microsoft ADPCM"),
        ("g726-8k.wav", "G.726 ADPCM"),
    ],
)
def test_what_no_browser_decodes_is_told_in_a_sentence(name, codec):
    form = planned(data(name))
    assert isinstance(form, Unplayable)
    assert codec in form.reason
    assert form.reason.endswith(".")


def test_facts_of_an_mp3():
    told = facts(io.BytesIO(data("vbr-44k-stereo-untagged-id3.mp3")))
    assert (told.size, told.audio_type, told.codec) == (69_502, MP3, "MPEG-1 layer III")
    assert told.duration_s == pytest.approx(10.031, abs=0.001)
    assert (told.channels, told.sample_rate) == (2, 44100)
    assert (told.bitrate, told.bitrate_kind) == (55_262, "vbr")


def test_facts_of_a_wav():
    told = facts(io.BytesIO(data("mulaw-8k.wav")))
    assert (told.size, told.audio_type, told.codec) == (8_092, WAV, "mu-law")
    assert (told.duration_s, told.bitrate, told.bitrate_kind) == (1.0, 64_000, "")


@pytest.mark.parametrize(
    ("content", "audio_type"),
    [
        (b"", None),
        (b"<html>", None),
        (b"OggS" + bytes(50), OGG),
        (b"\xff\xf1\x50\x80\x02\x1f\xfc", AAC),
        (b"RIFF\0\0\0\0WAVE", WAV),
        (frame(MPEG1_STEREO, 417)[:200], MP3),
    ],
)
def test_facts_say_only_what_could_be_known(content, audio_type):
    told = facts(io.BytesIO(content))
    assert (told.size, told.audio_type) == (len(content), audio_type)
    assert not told.duration_s
    assert told.playable is None


@pytest.mark.parametrize("name", ALL)
def test_the_length_is_that_of_the_bytes(name):
    content, form = data(name), planned(data(name))
    if isinstance(form, Playable):
        assert form.length(len(content)) == len(whole(content, form))


forms = st.none() | st.builds(Playable, st.binary(max_size=30), st.integers(0, 60), st.just("a/b"))


@given(st.binary(min_size=60, max_size=200), forms, st.integers(0, 240), st.integers(0, 240))
def test_any_slice_is_that_slice_of_the_whole(content, form, start, stop):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playable, "BLOCK_BYTES", 7)
        view = (form.prefix + content[form.source_offset :]) if form else content
        stop = min(stop, len(view))
        blocks = list(read_at(io.BytesIO(content), form, start, stop))
        assert b"".join(blocks) == view[start:stop]
        assert all(len(block) == 7 for block in blocks[:-1])
        assert b"".join(read_at(io.BytesIO(content), form, start)) == view[start:]


def test_blocks_are_large():
    sizes = [len(block) for block in read_at(io.BytesIO(bytes(600_000)), Playable(b"x", 0, ""))]
    assert sizes == [262_144, 262_144, 75_713]


def test_a_file_that_ends_early_is_an_error_not_a_short_answer():
    with pytest.raises(EOFError, match="1000 bytes short"):
        list(read_at(io.BytesIO(bytes(500)), None, 0, 1500))


pieces = st.sampled_from(
    [frame(), frame(MPEG1_STEREO, 417), id3v2(), apev2(), id3v1(), wav(bytes(40)), b"OggS"]
)
mixtures = st.lists(pieces | st.binary(max_size=60), max_size=12).map(b"".join)
damaged = st.builds(
    lambda name, at, rubbish, cut: (data(name)[:at] + rubbish + data(name)[at + 9 :])[:cut],
    st.sampled_from(ALL),
    st.integers(0, 300),
    st.binary(max_size=20),
    st.integers(0, 9000),
)


@given(mixtures | damaged, st.none() | st.sampled_from(AUDIO_TYPES))
def test_whatever_the_bytes_are_nothing_raises(content, audio_type):
    told = facts(io.BytesIO(content), audio_type)
    assert told.size == len(content)
    if isinstance(told.playable, Playable):
        assert told.playable.source_offset <= len(content)
        assert len(whole(content, told.playable)) == told.playable.length(len(content))


def test_a_file_is_judged_alike_however_much_of_it_came_at_once():
    """One of constant bitrate for its first 16 KiB that varies later."""
    sound = frame(0xFFFB50C0, 208) * 120 + frame(0xFFFB90C0, 417) * 300
    few, many = (sound[: times * judged_bytes(MP3)] for times in (1, 4))
    assert is_settled(few, MP3, len(sound))
    assert is_settled(many, MP3, len(sound))
