"""Tell the kind of audio from its first bytes.

The vendor's `Content-Type` and `format` contradict each other, so the bytes decide which type
leaves the portal. What is not recognised here (an HTML or JSON error page, nothing at all) is
not audio and must not be relayed as such.
"""

import re
from dataclasses import dataclass

from .mpeg_header import HEADER_BYTES, FrameHeader, id3v2_bytes, parse_header

SNIFF_BYTES = 8192
"""How many leading bytes `sniff` wants: enough for two whole MPEG frames after some rubbish."""

_SYNC = re.compile(rb"\xff(?=[\xe2-\xff])")
_IMAGE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"jp2 "}


@dataclass(frozen=True, slots=True)
class AudioType:
    """A kind of audio file: its media type, its file name extension (no dot), a name to show.

    `refused_as` names a file of it, with its article, where no browser plays this kind.
    """

    mime: str
    extension: str
    name: str
    refused_as: str = ""


MP3 = AudioType("audio/mpeg", "mp3", "MP3")
WAV = AudioType("audio/wav", "wav", "WAV")
OGG = AudioType("audio/ogg", "ogg", "Ogg")
FLAC = AudioType("audio/flac", "flac", "FLAC")
MP4 = AudioType("audio/mp4", "m4a", "MPEG-4")
AAC = AudioType("audio/aac", "aac", "AAC")
WEBM = AudioType("audio/webm", "webm", "WebM")
MP2 = AudioType("audio/mpeg", "mp2", "MPEG layer II", "an MPEG layer II file")
AMR = AudioType("audio/amr", "amr", "AMR", "an AMR file")
GSM = AudioType("audio/gsm", "gsm", "GSM 6.10", "a raw GSM 6.10 file")
WAVE64 = AudioType("audio/x-w64", "w64", "Wave64", "a Wave64 file")
AIFF = AudioType("audio/aiff", "aiff", "AIFF", "an AIFF file")
SUN = AudioType("audio/basic", "au", "Sun audio", "a Sun audio file")
WMA = AudioType("audio/x-ms-wma", "wma", "Windows Media", "a Windows Media file")
CAF = AudioType("audio/x-caf", "caf", "Core Audio", "a Core Audio file")

AUDIO_TYPES = (MP3, WAV, OGG, FLAC, MP4, AAC, WEBM, MP2, AMR, GSM, WAVE64, AIFF, SUN, WMA, CAF)

# RFC 4867 section 5; Sony's Wave64; RFC 8794 (EBML); ASF, section 10.1.
_MAGIC = {
    b"OggS": OGG,
    b"fLaC": FLAC,
    b"#!AMR": AMR,
    b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0": WAVE64,
    b"\x1a\x45\xdf\xa3": WEBM,
    b".snd": SUN,
    b"caff\0\x01": CAF,
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": WMA,
}
# Raw GSM 6.10 has no header: frames of 33 bytes that begin with the bits 1101.
_GSM_FRAME_BYTES = 33
_GSM_FRAMES = range(4, 64)


def sniff(head: bytes) -> AudioType | None:
    """The kind of audio that begins with `head`, or None when it is not audio that we know.

    Give the first `SNIFF_BYTES` bytes, or the whole file where it is shorter. Twelve bytes are
    enough for every kind but raw MPEG frames, where fewer bytes mean fewer headers to compare:
    with less than two frames a single plausible layer II or III header is believed.
    """
    after_id3 = id3v2_bytes(head)
    if after_id3:
        # A tag (with its cover picture) is often longer than the head; what carries an ID3v2
        # tag at its start is MP3 unless the bytes after it, where we can see them, disagree.
        return _without_tag(head[after_id3:]) or MP3
    return _without_tag(head)


def _without_tag(head: bytes) -> AudioType | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return WAV if head[8:12] == b"WAVE" else None
    if head[:4] == b"FORM":
        return AIFF if head[8:12] in (b"AIFF", b"AIFC") else None
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _IMAGE_BRANDS else MP4
    if _is_adts(head):
        return AAC
    layer = _mpeg_layer(head)
    if layer:
        return MP3 if layer == 3 else MP2
    return GSM if _is_gsm(head) else None


def _is_gsm(head: bytes) -> bool:
    starts = head[::_GSM_FRAME_BYTES][: _GSM_FRAMES.stop]
    return len(starts) >= _GSM_FRAMES.start and all(byte >> 4 == 0xD for byte in starts)


def _is_adts(head: bytes) -> bool:
    """Whether AAC in ADTS framing starts here (ISO/IEC 14496-3 annex 1.A: layer bits are 00)."""
    length = _adts_frame_bytes(head)
    if not length:
        return False
    following = head[length : length + 7]
    return len(following) < 7 or bool(_adts_frame_bytes(following))


def _adts_frame_bytes(data: bytes) -> int:
    if len(data) < 7 or data[0] != 0xFF or data[1] & 0xF6 != 0xF0 or data[2] >> 2 & 15 > 12:
        return 0
    length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    return length if length >= 7 else 0


def _mpeg_layer(head: bytes) -> int:
    """The layer of the MPEG audio that starts here, or after a little rubbish; 0 if there is none.

    Text in UTF-8 has no byte 0xFF, so an error page has nothing to be mistaken here; text in
    UTF-16 begins with FF FE, which reads as a layer I header and fails at the next one.
    """
    first = parse_header(head)
    if first and first.layer > 1 and _headers_follow(head, 0, first, wanted=1, at_end=True):
        return first.layer
    for sync in _SYNC.finditer(head):
        found = parse_header(head, sync.start())
        if found and _headers_follow(head, sync.start(), found, wanted=2, at_end=False):
            return found.layer
    return 0


def _headers_follow(
    head: bytes, offset: int, first: FrameHeader, *, wanted: int, at_end: bool
) -> bool:
    """Whether `wanted` headers like `first` follow; `at_end` answers where the head ends first."""
    current = first
    for _ in range(wanted):
        if not current.frame_bytes:
            return at_end  # free format: nothing in the header says where the next one is
        offset += current.frame_bytes
        if len(head) - offset < HEADER_BYTES:
            return at_end
        following = parse_header(head, offset)
        if following is None or not following.continues(first):
            return False
        current = following
    return True
