"""The first bytes decide the type, and what is not audio is not taken for it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audio.playable import facts
from recordings.audio.sniff import AAC, AUDIO_TYPES, FLAC, MP3, MP4, OGG, SNIFF_BYTES, WAV, sniff
from recordings.audio.types import settle

from .files import wav
from .odd import odd

FRAME_MPEG1 = b"\xff\xfb\x90\x64" + bytes(413)  # layer III, 128 kbit/s, 44.1 kHz: 417 bytes
FRAME_MPEG25 = b"\xff\xe3\x28\xc4" + bytes(140)  # layer III, 16 kbit/s, 8 kHz, mono: 144 bytes
ADTS = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)  # 16 bytes a frame


def id3(body: int, flags: int = 0) -> bytes:
    size = bytes(body >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00" + bytes([flags]) + size


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(FRAME_MPEG1 * 3, MP3, id="mpeg-1"),
        pytest.param(FRAME_MPEG25 * 3, MP3, id="mpeg-2.5"),
        pytest.param(FRAME_MPEG1, MP3, id="single-frame"),
        pytest.param(FRAME_MPEG1[:4], MP3, id="only-a-header"),
        pytest.param(b"\xff\xfd\x80\x00" + bytes(600), None, id="layer-2-without-a-second-frame"),
        pytest.param(bytes(30) + FRAME_MPEG1 * 3, MP3, id="padding-first"),
        pytest.param(FRAME_MPEG1[100:] + FRAME_MPEG1 * 3, MP3, id="cut-in-mid-frame"),
        pytest.param(FRAME_MPEG1[100:] + FRAME_MPEG1, None, id="one-frame-after-rubbish"),
        pytest.param(id3(20) + bytes(20) + FRAME_MPEG1 * 2, MP3, id="id3"),
        pytest.param(id3(200_000) + bytes(500), MP3, id="id3-longer-than-the-head"),
        pytest.param(id3(5, 0x10) + bytes(15) + b"fLaC", FLAC, id="id3-with-footer-then-flac"),
        pytest.param(id3(7) + bytes(7) + ADTS * 2, AAC, id="id3-then-aac"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAVEfmt ", WAV, id="wav"),
        pytest.param(b"RF64\xff\xff\xff\xffWAVEds64", WAV, id="rf64"),
        pytest.param(b"BW64\xff\xff\xff\xffWAVEds64", WAV, id="bw64"),
        pytest.param(b"OggS\x00\x02" + bytes(20), OGG, id="ogg"),
        pytest.param(b"fLaC\x00\x00\x00\x22", FLAC, id="flac"),
        pytest.param(b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", MP4, id="m4a"),
        pytest.param(ADTS * 2, AAC, id="aac"),
        pytest.param(ADTS[:7], AAC, id="aac-header-only"),
    ],
)
def test_kind(head, expected):
    assert sniff(head) == expected


@pytest.mark.parametrize(
    ("name", "extension", "refused"),
    [
        ("opus.webm", "webm", ""),
        ("narrowband.amr", "amr", "an AMR file"),
        ("raw.gsm", "gsm", "a raw GSM 6.10 file"),
        ("layer2.mp3", "mp2", "an MPEG layer II file"),
        ("free-format.mp3", "mp3", "an MP3 file in free format"),
        ("gsm610.wav", "wav", "a WAV file with GSM 6.10 sound"),
    ],
)
def test_odd_kinds_have_their_own_ending_and_a_reason(name, extension, refused):
    told = facts(io.BytesIO(odd(name)))
    assert told.audio_type.extension == extension
    reason = told.playable.reason if told.playable else ""
    assert reason == (refused and f"This recording is {refused}, which browsers cannot play.")


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0" + bytes(64), "w64"),
        (b"#!AMR-WB\n" + bytes(60), "amr"),
        (b"FORM\0\0\1\0AIFCFVER" + bytes(60), "aiff"),
        (b".snd\0\0\0\x18" + bytes(60), "au"),
        (b"caff\0\x01\0\0desc" + bytes(60), "caf"),
        (bytes.fromhex("3026b2758e66cf11") + bytes(60), "wma"),
        (b"OggS\0\x02" + bytes(22) + b"Speex   1.2" + bytes(40), "ogg"),
    ],
)
def test_kinds_that_no_browser_plays_are_named(head, extension):
    assert sniff(head).extension == extension
    assert "which browsers cannot play" in facts(io.BytesIO(head)).playable.reason


@pytest.mark.parametrize(
    "content", [wav(b""), wav(b"", data_size=4000), wav(b"", tag=0x31, bits=0), b""]
)
def test_a_file_without_sound_is_empty(content):
    found = facts(io.BytesIO(content), WAV).playable
    assert found.empty
    assert found.reason == "This recording is empty: its file holds no sound."


HTML = "<!DOCTYPE html><title>502 Bad Gateway</title>" * 20


@pytest.mark.parametrize("media_type", ["audio/mpeg", "application/octet-stream", None])
@pytest.mark.parametrize(
    "head",
    [
        pytest.param(HTML.encode(), id="html"),
        pytest.param(HTML.encode("utf-16"), id="html in UTF-16"),
        pytest.param(HTML.encode("utf-16-be"), id="html in UTF-16 without a mark"),
        pytest.param(HTML.encode("utf-16-le"), id="html in UTF-16 without a mark, little-endian"),
        pytest.param(b"Service temporarily unavailable. Try later.\r\n", id="text"),
        pytest.param("Der Dienst ist vorübergehend gestört.".encode()[:34], id="cut UTF-8"),
        pytest.param("id;name\n1;Müller\n".encode("utf-8-sig") * 500, id="csv"),
        pytest.param("Störung".encode("utf-16"), id="text in UTF-16"),
        pytest.param(b'{"error": "x"}', id="json"),
        pytest.param(b"PK\x03\x04" + bytes(range(200)), id="zip"),
        pytest.param(b"%PDF-1.7 \x80\x81" + bytes(99), id="pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(99), id="png"),
    ],
)
def test_text_and_pictures_are_no_audio_whatever_is_declared(head, media_type):
    assert settle(head, media_type, "mp3") is None


def test_unknown_bytes_are_what_the_vendor_declares():
    noise = bytes(range(1, 255)) * 8
    assert settle(noise, "audio/mpeg", "wav") == MP3
    assert settle(noise, "application/octet-stream", "wav") == WAV
    assert settle(noise, "text/html", "wav") is None
    assert settle(b"?" * 8192, "audio/mpeg", "mp3") == MP3
    assert settle(bytes(8000), "audio/wav", "") == WAV
    assert settle(bytes(100), None, "mp2").extension == "mp2"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="one-byte"),
        pytest.param(bytes(4000), id="zeros"),
        pytest.param(b"\xff" * 4000, id="ones"),
        pytest.param(b"<!DOCTYPE html><title>502</title>", id="html"),
        pytest.param(b'{"error": {"code": "recording_not_ready"}}', id="json"),
        pytest.param('{"error": "ÿûÿû"}'.encode() * 20, id="json-utf-8"),
        pytest.param('{"error": "not ready"}'.encode("utf-16") * 20, id="json-utf-16"),
        pytest.param("<html>{}</html>".encode("utf-16-be") * 20, id="html-utf-16"),
        pytest.param(b"RIFF\x00\x00\x00\x00AVI LIST", id="avi"),
        pytest.param(b"RIFF\x00\x00", id="riff-cut"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", id="jpeg"),
        pytest.param(b"\x00\x00\x00\x20ftypavif", id="avif"),
        pytest.param(b"\x1f\x8b\x08" + bytes(100), id="gzip"),
        pytest.param(b"ID3 is a tag format, says this text", id="id3-in-text"),
        pytest.param(b"\xff\xfb\xf0\x00" + bytes(2000), id="bitrate-15"),
        pytest.param(b"\xff\xfb\x9c\x00" + bytes(2000), id="sample-rate-3"),
        pytest.param(b"\xff\xeb\x90\x00" + bytes(2000), id="reserved-version"),
        pytest.param(FRAME_MPEG1 + bytes(1000), id="no-second-header"),
        pytest.param(ADTS + bytes(1000), id="no-second-adts-header"),
    ],
)
def test_not_audio(head):
    assert sniff(head) is None


@given(st.text(min_size=1, max_size=SNIFF_BYTES))
def test_text_is_hardly_ever_audio(text):
    head = text.encode()
    magic = head[:4] in (b"RIFF", b"RF64", b"BW64", b"OggS", b"fLaC")
    if not (magic or head[:3] == b"ID3" or head[4:8] == b"ftyp"):
        assert sniff(head) is None


@given(st.binary(max_size=SNIFF_BYTES))
def test_any_bytes_have_an_answer(head):
    assert sniff(head) in (None, *AUDIO_TYPES)
    assert sniff(b"\xff\xfb\x90" + head) in (None, *AUDIO_TYPES)
    assert sniff(b"ID3\x04\x00" + head) in (None, *AUDIO_TYPES)
