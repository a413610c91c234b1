"""Which audio type leaves the portal: the bytes decide, then the vendor's word, if it is audio."""

from .sniff import AAC, AUDIO_TYPES, FLAC, MP3, MP4, OGG, WAV, AudioType, sniff

_BY_MEDIA_TYPE = {kind.mime: kind for kind in AUDIO_TYPES} | {
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
}
_BY_FORMAT = {kind.extension: kind for kind in AUDIO_TYPES}
# An error page or a JSON answer under an audio type is still no audio.
_TEXT_BEGINS_WITH = (b"<", b"{", b"[")


def settle(head: bytes, media_type: str | None, format: str) -> AudioType | None:
    """The type to declare for a recording that begins with `head`; None when it is not audio.

    media_type: the vendor's Content-Type, lower-case and without parameters, or None.
    format: the vendor's metadata `format`, such as "wav".
    """
    kind = sniff(head)
    if kind:
        return kind
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_TEXT_BEGINS_WITH):
        return None
    return declared_type(media_type, format)


def declared_type(media_type: str | None, format: str) -> AudioType | None:
    """The type that the vendor declares, by its Content-Type or else its `format`."""
    if media_type in _BY_MEDIA_TYPE:
        return _BY_MEDIA_TYPE[media_type]
    if media_type in (None, "application/octet-stream", "binary/octet-stream"):
        return _BY_FORMAT.get(format.lower())
    return None
