"""Counting the frames tells the true duration, whatever the file says or lacks."""

import io
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audio import mp3_frames
from recordings.audio.index_tag import IndexTag, read_index_tag, xing_frame
from recordings.audio.mp3_frames import scan
from recordings.audio.mpeg_header import parse_header, parse_word

from .files import MPEG1_STEREO, MPEG25_MONO, apev2, data, frame, id3v1, id3v2

QUIET, LOUD = 0xFFE328C4, 0xFFE348C4  # 16 and 32 kbit/s: 144 and 288 bytes
LAYER_2 = 0xFFFDA004  # 192 kbit/s, 44.1 kHz: 626 bytes
FREE = 0xFFFB0064


def scanned(content: bytes):
    return scan(io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "kind", "frames", "duration", "bitrate", "rate", "channels", "tag"),
    [
        ("cbr-8k-mono.mp3", "cbr", 283, 20.376, 16000, 8000, 1, None),
        ("cbr-8k-stereo-info.mp3", "cbr", 169, 12.0, 24000, 8000, 2, "Info"),
        ("vbr-8k-mono-xing.mp3", "vbr", 283, 20.226, 22700, 8000, 1, "Xing"),
        ("vbr-8k-mono-untagged.mp3", "vbr", 283, 20.376, 22700, 8000, 1, None),
        ("vbr-44k-stereo-untagged-id3.mp3", "vbr", 384, 10.031, 55262, 44100, 2, None),
    ],
)
def test_real_files(name, kind, frames, duration, bitrate, rate, channels, tag):
    facts = scanned(data(name))
    assert (facts.bitrate_kind, facts.frames, facts.bitrate) == (kind, frames, bitrate)
    assert facts.duration_s == pytest.approx(duration, abs=0.0005)
    assert (facts.sample_rate, facts.channels) == (rate, channels)
    assert facts.index_tag == (tag and replace(facts.index_tag, kind=tag, frames=frames))
    assert facts.complete
    assert not facts.truncated


def test_samples_that_the_encoder_added_are_not_counted():
    """Checked against Chromium, which says 12 s for these 169 frames: what went in."""
    facts = scanned(data("cbr-8k-stereo-info.mp3"))
    assert facts.frames * 576 - facts.index_tag.padding == 12 * 8000
    cut = scanned(data("cbr-8k-stereo-info.mp3")[:-300])
    assert cut.duration_s == cut.frames * 576 / 8000


def test_tags_around_the_audio_are_no_audio():
    facts = scanned(id3v2(300, footer=True) + id3v2(40) + frame() * 5 + apev2() + id3v1())
    assert (facts.frames, facts.first_frame_offset) == (5, 320 + 50)
    assert facts.audio_end == 370 + 5 * 144
    assert facts.bitrate_kind == "cbr"


def test_an_index_frame_is_not_counted():
    facts = scanned(frame(body=bytes(9) + b"Info" + bytes(8)) + frame() * 4)
    assert (facts.first_frame_offset, facts.audio_offset, facts.frames) == (0, 144, 4)
    assert facts.index_tag == IndexTag("Info", None, has_toc=False)


def test_vbri_tag():
    vbri = b"VBRI" + bytes(10) + (4).to_bytes(4)
    facts = scanned(frame(MPEG1_STEREO, 417, bytes(32) + vbri) + frame(MPEG1_STEREO, 417) * 4)
    assert facts.index_tag == IndexTag("VBRI", 4, has_toc=True)
    assert facts.frames == 4


def test_index_after_a_checksum():
    word = MPEG25_MONO & ~(1 << 16)
    content = frame(word, 144, bytes(2 + 9) + b"Xing" + bytes(8))
    assert read_index_tag(content, parse_word(word)).kind == "Xing"


def test_rubbish_between_frames_is_jumped_over():
    rubbish = b"?\xff\xe3\x28\xc4 not a frame, only its first bytes \xff\xff\xff"
    facts = scanned(rubbish + frame() * 3 + rubbish + frame() * 4 + rubbish)
    assert facts.frames == 7
    assert facts.first_frame_offset == len(rubbish)
    assert facts.audio_bytes == 7 * 144


@pytest.mark.parametrize("shift", range(-3, 4))
def test_rubbish_across_the_edge_of_a_block(shift):
    rubbish = bytes(mp3_frames.BLOCK_BYTES * 2 + shift)
    assert scanned(rubbish + frame() * 3).frames == 3
    assert scanned(frame() * 3 + rubbish + frame() * 3).frames == 6


@pytest.mark.parametrize("cut", [1, 60, 141, 143])
def test_a_truncated_last_frame_is_not_counted(cut):
    facts = scanned((frame() * 5)[:-cut])
    assert facts.frames == 4
    assert facts.audio_end == 4 * 144
    assert facts.truncated == (cut < 141)


def test_a_tag_longer_than_the_file_does_not_hide_the_frames():
    assert scanned(id3v2(100_000)[:12] + frame() * 5).frames == 5


def test_layer_two_is_counted():
    facts = scanned(frame(LAYER_2, 626) * 10)
    assert facts.duration_s == pytest.approx(10 * 1152 / 44100)


def test_free_format_is_told_but_not_counted():
    facts = scanned(frame(FREE, 500) * 5)
    assert (facts.bitrate_kind, facts.duration_s, facts.frames) == ("free", None, 0)


@pytest.mark.parametrize("content", [b"", b"\xff", bytes(5000), b"\xff" * 5000, b"<html>" * 900])
def test_nothing_to_count(content):
    assert scanned(content) is None


def test_only_a_part_of_the_file():
    content = b"header!!" + frame() * 4 + b"LIST"
    facts = scan(io.BytesIO(content), 8, 8 + 4 * 144)
    assert (facts.first_frame_offset, facts.frames) == (8, 4)


def test_memory_does_not_grow_with_the_file():
    with mock.patch.object(mp3_frames, "MARKS", 16):
        facts = scanned(frame() * 1000)
    assert len(facts.marks) < 16
    assert facts.marks == tuple(range(0, 1000 * 144, 144 * facts.mark_stride))


@given(st.lists(st.sampled_from([QUIET, LOUD]), min_size=3, max_size=400), st.integers(4, 40))
def test_positions_are_those_of_the_frames(words, most_marks):
    pieces = [frame(word, parse_word(word).frame_bytes) for word in words]
    with mock.patch.object(mp3_frames, "MARKS", most_marks):
        facts = scanned(b"".join(pieces))
    assert facts.frames == len(words)
    offsets = [0]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    for point, position in enumerate(facts.positions(100)):
        # Between two marks the position is interpolated: no more than a stride beside it.
        number = point * len(words) / 100
        low = max(0, int(number) - facts.mark_stride)
        high = min(len(words), int(number) + 1 + facts.mark_stride)
        assert offsets[low] <= position <= offsets[high]


@pytest.mark.parametrize("word", [MPEG1_STEREO, MPEG25_MONO, 0xFFF328C4, 0xFFF39064, 0xFFFA9064])
def test_a_made_index_reads_back(word):
    made = xing_frame(
        word, frames=1234, audio_bytes=99_000, positions=[n * 990 for n in range(100)]
    )
    header, like = parse_header(made), parse_word(word)
    assert header.continues(like)
    assert header.channels == like.channels
    assert header.frame_bytes == len(made) <= 417
    assert read_index_tag(made, header) == IndexTag("Xing", 1234, has_toc=True)
    total = int.from_bytes(made[4 + header.side_info_bytes + 12 :][:4])
    assert total == len(made) + 99_000
    toc = made[4 + header.side_info_bytes + 16 :][:100]
    assert list(toc) == sorted(toc)


def test_an_index_is_only_for_layer_three():
    with pytest.raises(ValueError, match="layer III"):
        xing_frame(LAYER_2, frames=1, audio_bytes=1, positions=[0] * 100)


def test_a_file_of_false_headers_costs_bounded_work():
    """Counted, not timed: bytes read and headers tried stay near the size of the file."""

    class Counting(io.BytesIO):
        bytes_read = 0

        def read(self, size=-1):
            content = super().read(size)
            self.bytes_read += len(content)
            return content

    piece = frame() * 3 + b"??"
    file = Counting(piece * 30_000)
    facts = scan(file)
    assert not facts.complete
    assert file.bytes_read < 40 * len(piece) * 30_000


pieces_of_files = st.sampled_from(
    [
        frame(),
        frame(LOUD, 288),
        frame(MPEG1_STEREO, 417),
        frame(FREE, 99),
        id3v2(),
        apev2(),
        id3v1(),
    ]
)


@given(st.lists(pieces_of_files | st.binary(max_size=50), max_size=20).map(b"".join))
def test_whatever_the_bytes_are_nothing_raises(content):
    facts = scanned(content)
    if facts:
        assert 0 <= facts.first_frame_offset <= facts.audio_offset <= facts.audio_end
        assert facts.audio_end <= len(content)
        assert facts.audio_bytes <= len(content)
        assert len(facts.positions()) in (0, 100)
