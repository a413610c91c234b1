"""Which audio type leaves the portal: the bytes decide, then the vendor's word, if it is audio."""

import re

from .sniff import AAC, AMR, AUDIO_TYPES, FLAC, MP3, MP4, OGG, WAV, WEBM, AudioType, sniff

_BY_MEDIA_TYPE = {kind.mime: kind for kind in AUDIO_TYPES} | {
    "audio/mpeg": MP3,
    "audio/mp3": MP3,
    "audio/x-mp3": MP3,
    "audio/mpeg3": MP3,
    "audio/x-wav": WAV,
    "audio/wave": WAV,
    "audio/vnd.wave": WAV,
    "audio/x-flac": FLAC,
    "audio/x-m4a": MP4,
    "audio/aacp": AAC,
    "application/ogg": OGG,
    "audio/opus": OGG,
    "audio/amr-wb": AMR,
    "video/webm": WEBM,
}
_BY_FORMAT = {kind.extension: kind for kind in AUDIO_TYPES}
# What an HTTP client may get in place of audio, whatever type is declared.
_OTHER_MAGIC = (
    *(
        b"PK\x03\x04",
        b"%PDF-",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"\x1f\x8b\x08",
        b"7z\xbc\xaf",
    ),
)
_MARKUP = ("<", "{", "[")
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def settle(head: bytes, media_type: str | None, format: str) -> AudioType | None:
    """The type to declare for a recording that begins with `head`; None when it is not audio.

    media_type: the vendor's Content-Type, lower-case and without parameters, or None.
    format: the vendor's metadata `format`, such as "wav".
    """
    kind = sniff(head)
    if kind:
        return kind
    if head.startswith(_OTHER_MAGIC) or _is_text(head):
        return None
    return declared_type(media_type, format)


def declared_type(media_type: str | None, format: str) -> AudioType | None:
    """The type that the vendor declares, by its Content-Type or else its `format`."""
    if media_type in _BY_MEDIA_TYPE:
        return _BY_MEDIA_TYPE[media_type]
    if media_type in (None, "application/octet-stream", "binary/octet-stream"):
        return _BY_FORMAT.get(format.lower())
    return None


def _is_text(head: bytes) -> bool:
    """Whether this is text in UTF-8 or UTF-16: an error page, a JSON answer, a table."""
    coding = _UTF_16.get(head[:2])
    if coding is None and len(head) >= 8:
        # Without a mark: Latin text in UTF-16 has a NUL beside every letter.
        if not any(head[1:40:2]):
            coding = "utf-16-le"
        elif not any(head[0:40:2]):
            coding = "utf-16-be"
    text = head.decode(coding or "utf-8-sig", "ignore").lstrip("\ufeff")
    if text.lstrip()[:1] in _MARKUP and (coding or _is_utf_8(head[:40])):
        return True
    # The same few marks over and over are no words.
    has_words = sum(map(str.isalpha, text[:1000])) * 4 >= len(text[:1000]) > 0
    return has_words and (bool(coding) or _is_utf_8(head)) and not _CONTROL.search(text)


def _is_utf_8(head: bytes) -> bool:
    # The last character may be cut off.
    return any(_decodes(head[: len(head) - cut]) for cut in range(4) if cut <= len(head))


def _decodes(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError:
        return False
    return True
