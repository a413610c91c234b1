"""What the portal makes of each odd file: its length, whether it waits, what the player gets."""

import io

import pytest

from recordings.audio import mp3_frames, wav_header
from recordings.audio.analysis import analyse
from recordings.audio.playable import Playable, facts, read_at
from recordings.audio.player_form import is_settled, judged_bytes
from recordings.audio.sniff import MP3, WAV

from .files import data, frame, wav
from .odd import joined_with_rubbish, odd, odd_wavs, rising_tone, with_junk

SILENCE = frame(0xFFE318C4, 72)  # 8 kbit/s
WAVS = odd_wavs(3)


def first_judgement(content: bytes, kind) -> bool:
    """Whether the file is settled by its head, as a fill asks: with more bytes as they are wanted.

    The length is known, as Kallglot tells it.
    """
    head = content[: judged_bytes(kind)]
    while len(head) < min(judged_bytes(kind, head), len(content)):
        head = content[: judged_bytes(kind, head)]
    return is_settled(head, kind, len(content))


def played(content: bytes) -> bytes:
    form = facts(io.BytesIO(content)).playable
    return b"".join(read_at(io.BytesIO(content), form if isinstance(form, Playable) else None))


@pytest.mark.parametrize(
    ("name", "seconds", "settled", "changed"),
    [
        ("joined-cbr-info.mp3", 45.72, False, True),
        ("joined-cbr-plain.mp3", 45.58, True, False),
        ("silent-start-vbr.mp3", 60.19, False, True),
        ("picture-vbr.mp3", 45.14, False, True),
        ("plain-vbr.mp3", 45.14, False, True),
        ("cut-info-cbr.mp3", 14.98, False, True),
        ("cut-xing-vbr.mp3", 15.48, False, True),
        ("damaged-vbr.mp3", 44.8, False, True),
        ("damaged-middle.mp3", 44.9, True, False),
        ("two-rates.mp3", 15.19, True, True),
    ],
)
def test_odd_mp3_files(name, seconds, settled, changed):
    content = odd(name)
    told = facts(io.BytesIO(content))
    assert told.duration_s == pytest.approx(seconds, abs=0.1)
    assert first_judgement(content, MP3) is settled
    assert isinstance(told.playable, Playable) is changed
    found = mp3_frames.scan(io.BytesIO(played(content)))
    assert found.frames * 0.072 == pytest.approx(seconds, abs=0.1)
    if changed and found.index_tag:
        assert found.index_tag.frames == found.frames
        assert found.index_tag.steers_browsers


@pytest.mark.parametrize("name", sorted(WAVS))
def test_wav_files_with_wrong_sizes_are_mended(name):
    content = WAVS[name]
    assert facts(io.BytesIO(content)).duration_s == 3
    assert not first_judgement(content, WAV)
    assert played(content) == wav(rising_tone(3))


def xing(frames: int, audio_bytes: int | None, toc: bytes | None, kind: bytes = b"Xing") -> bytes:
    flags = 1 | 2 * (audio_bytes is not None) | 4 * (toc is not None)
    body = kind + flags.to_bytes(4) + frames.to_bytes(4)
    body += b"" if audio_bytes is None else audio_bytes.to_bytes(4)
    return frame(0xFFE348C4, 288, bytes(9) + body + (toc or b""))


EVEN = bytes(n * 256 // 100 for n in range(100))
LOUD = frame(0xFFE348C4, 288)
VARIED = (LOUD + frame()) * 400
VARIED_BYTES = 288 + len(VARIED)
CALM = frame() * 800


@pytest.mark.parametrize(
    ("content", "settled", "changed"),
    [
        pytest.param(xing(800, VARIED_BYTES, EVEN) + VARIED, True, False, id="true index"),
        pytest.param(xing(800, None, EVEN) + VARIED, False, False, id="no length in it"),
        pytest.param(xing(800, VARIED_BYTES, None) + VARIED, False, True, id="no table"),
        pytest.param(xing(800, VARIED_BYTES, bytes(100)) + VARIED, False, True, id="empty table"),
        pytest.param(xing(800, VARIED_BYTES, EVEN[::-1]) + VARIED, False, True, id="falling table"),
        pytest.param(xing(800, VARIED_BYTES * 2, EVEN) + VARIED, False, True, id="cut in half"),
        pytest.param(xing(800, VARIED_BYTES, EVEN) + VARIED * 3, False, True, id="joined"),
        pytest.param(
            xing(800, VARIED_BYTES, bytes(50) + EVEN[50:]) + VARIED, True, True, id="wrong table"
        ),
        pytest.param(xing(800, None, None, b"Info") + CALM, True, False, id="true info"),
        pytest.param(xing(300, None, None, b"Info") + CALM, False, True, id="info of a part"),
        pytest.param(SILENCE * 400 + CALM, False, True, id="silence first"),
        pytest.param(SILENCE * 6000, False, False, id="silence alone"),
        pytest.param(SILENCE * 2000 + CALM, False, True, id="long silence first"),
        pytest.param(CALM + bytes(50_000), True, True, id="rubbish behind"),
        pytest.param(CALM + b"TAG" + bytes(125), True, False, id="small tag behind"),
    ],
)
def test_index_claims_are_compared_with_the_length(content, settled, changed):
    assert first_judgement(content, MP3) is settled
    assert isinstance(facts(io.BytesIO(content)).playable, Playable) is changed


def test_bytes_of_no_known_kind_wait_for_nothing():
    assert first_judgement(bytes(range(1, 255)) * 400, MP3)


def test_a_vbri_index_is_replaced_as_browsers_do_not_seek_by_it():
    body = bytes(32) + b"VBRI" + bytes(6) + VARIED_BYTES.to_bytes(4) + (800).to_bytes(4)
    content = frame(0xFFE348C4, 288, body) + VARIED
    assert not first_judgement(content, MP3)
    assert mp3_frames.scan(io.BytesIO(played(content))).index_tag.kind == "Xing"


@pytest.mark.parametrize("length", [1_000, 20_000, 200_000, 400_000])
def test_a_picture_of_any_length_hides_nothing(length):
    size = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3\x03\0\0" + size + b"\xff\xe3\x28\xc4" * (length // 4)
    assert first_judgement(tag + data("cbr-8k-mono.mp3"), MP3) is (length <= 200_000)
    varied = tag + data("vbr-8k-mono-untagged.mp3")
    assert not first_judgement(varied, MP3)
    found = mp3_frames.scan(io.BytesIO(played(varied)))
    assert (found.frames, found.first_frame_offset) == (283, 0)


@pytest.mark.parametrize("seed", range(8))
def test_rubbish_between_joined_calls_is_no_time(seed):
    """Browsers would play 1 MB of it at 16 kbit/s for 500 s."""
    content = joined_with_rubbish(seed)
    found = mp3_frames.scan(io.BytesIO(played(content)))
    assert found.frames == pytest.approx(2 * 283, abs=3)
    if len(content) > 100_000:
        assert found.index_tag.frames == found.frames


@pytest.mark.parametrize("name", ["damaged-vbr.mp3", "damaged-middle.mp3", "two-rates.mp3"])
def test_decoding_keeps_the_time_through_damage(name):
    """Decoders leave out frames behind damage, and all that follows would come too early."""
    found = analyse(io.BytesIO(odd(name)))
    seconds = facts(io.BytesIO(odd(name))).duration_s
    assert found.duration_ms / 1000 == pytest.approx(seconds, abs=0.15)


@pytest.mark.parametrize("junk", [0, 900, 4000, 200_000, 300_000])
def test_a_good_wav_is_settled_wherever_its_data_begin(junk):
    content = with_junk(wav(rising_tone(3)), junk)
    content = content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:]
    assert first_judgement(content, WAV) is (junk < 250_000)
    assert facts(io.BytesIO(content)).playable is None


def test_chunks_behind_the_sound_are_believed_as_far_as_they_are_short():
    short, long = (
        wav(rising_tone(3), tail=b"LIST" + size.to_bytes(4, "little") + bytes(size))
        for size in (500, 60_000)
    )
    assert first_judgement(short, WAV)
    assert not first_judgement(long, WAV)
    assert facts(io.BytesIO(short)).playable is facts(io.BytesIO(long)).playable is None
    assert wav_header.read_header(io.BytesIO(long)).duration_s == 3
