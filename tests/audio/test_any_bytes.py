"""Whatever bytes a vendor sends, the code that reads audio formats gives a result."""

import contextlib
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recordings.audio import analysis, decode, mp3_frames, playable, wav_header
from recordings.audio.index_tag import read_index_tag
from recordings.audio.mpeg_header import id3v2_bytes, parse_header
from recordings.audio.player_form import MOST_JUDGED_BYTES, is_settled, judged_bytes
from recordings.audio.sniff import AUDIO_TYPES, MP3, sniff
from recordings.audio.types import settle

from .files import DATA, data, frame
from .odd import ODD, joined_with_rubbish, mutated, odd, odd_wavs

NAMES = sorted(path.name for path in DATA.iterdir() if path.suffix in (".mp3", ".wav"))
# The header that has every mark of one but a permitted emphasis.
ALMOST_A_HEADER = bytes.fromhex("ffe328c6")
FALSE_START = frame() * 3 + b"?" + ALMOST_A_HEADER + frame() * 3


@pytest.fixture(scope="module")
def files():
    plain = {name: data(name) for name in NAMES}
    return plain | {name: odd(name) for name in ODD} | odd_wavs(2)


def read_all(content: bytes, *, analysed: bool = True) -> None:
    """Have every public function that reads audio bytes read these."""
    head, file = content[:16_384], io.BytesIO(content)
    parse_header(content), id3v2_bytes(content)
    assert sniff(head) in (None, *AUDIO_TYPES)
    settle(head, "audio/mpeg", "mp3"), settle(head, None, "")
    for kind in AUDIO_TYPES:
        assert judged_bytes(kind, head) <= MOST_JUDGED_BYTES
        is_settled(head, kind, len(content)), is_settled(head, kind, None)
    for kind in (None, *AUDIO_TYPES):
        form = playable.facts(file, kind).playable
        if isinstance(form, playable.Playable):
            assert len(b"".join(playable.read_at(file, form))) == form.length(len(content))
    form = playable.exact_form(file, MP3)
    assert form is None or len(b"".join(playable.read_at(file, form))) == form.length(len(content))
    found = mp3_frames.scan(file)
    if found:
        read_index_tag(content[found.first_frame_offset :][:2000], found.header)
        assert found.audio_end <= len(content)
    wav_header.read_header(file)
    if analysed:
        with contextlib.suppress(decode.Undecodable):
            assert analysis.analyse(file).duration_ms >= 0


@pytest.mark.parametrize("part", range(4))
def test_odd_files_and_their_damaged_forms(files, part):
    for content in list(files.values())[part::4]:
        read_all(content)
        for seed in range(3):
            read_all(mutated(content[:60_000], seed), analysed=seed < 1)


@settings(max_examples=60)
@given(
    content=st.binary(max_size=3000),
    name=st.sampled_from([*NAMES, *ODD]),
    at=st.integers(0, 3000),
    times=st.integers(0, 3),
)
@example(content=FALSE_START, name=NAMES[0], at=0, times=0)
@example(content=ALMOST_A_HEADER, name="damaged-vbr.mp3", at=720, times=1)
def test_arbitrary_bytes_alone_and_inside_a_file(content, name, at, times):
    whole = (data(name) if name in NAMES else odd(name))[:6000]
    read_all(content, analysed=False)
    read_all(whole[:at] + content * times + whole[at:], analysed=False)


def test_joined_calls_with_rubbish_between_are_counted():
    """Random bytes hold many false headers; only some of these files raised."""
    for seed in range(30):
        content = joined_with_rubbish(seed)
        found = mp3_frames.scan(io.BytesIO(content))
        assert found.frames == pytest.approx(2 * 283, abs=3), seed
        assert is_settled(content[: judged_bytes(MP3)], MP3, len(content)) in (True, False)


@pytest.mark.parametrize("rubbish", [b"", b"?", b"\xff", b"????"])
def test_a_refused_header_between_frames_is_skipped(rubbish):
    content = frame() * 3 + rubbish + ALMOST_A_HEADER + frame() * 3
    found = mp3_frames.scan(io.BytesIO(content))
    assert (found.frames, found.complete) == (6, True)
