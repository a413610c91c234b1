"""Whether a player can have a recording as it is, told from its first bytes.

While a file is still arriving, only its beginning can be looked at. Where that leaves a doubt
(an MP3 of varying bitrate without an index, a WAV whose sizes are not true), the player waits
for the whole file and then gets the form that `playable` plans. What its beginning settles stays
so: one form per recording, since a length that changes in mid-play breaks the playback. (A file
that is constant for its first 16 KiB and varies later is therefore played as it is.)
"""

import io

from . import mp3_frames, wav_header
from .sniff import MP3, WAV, AudioType

_MP3_HEAD_BYTES = 16 * 1024
_WAV_HEAD_BYTES = 1024


def judged_bytes(kind: AudioType | None) -> int:
    """How many leading bytes `is_settled` wants to see."""
    return {MP3: _MP3_HEAD_BYTES, WAV: _WAV_HEAD_BYTES}.get(kind, 0)


def is_settled(head: bytes, kind: AudioType, total: int | None) -> bool:
    """Whether the bytes that begin with `head` can go to a player before all have arrived.

    `total` is the length of the whole file in bytes, None when it is not known. True as well
    where no other form could be made. Looks at `judged_bytes(kind)` of `head` and no further, so
    that a file is judged alike however much of it came at once.
    """
    head = head[: judged_bytes(kind)]
    if kind == MP3:
        return _mp3_is_settled(head)
    if kind == WAV:
        return _wav_is_settled(head, total)
    return True


def _mp3_is_settled(head: bytes) -> bool:
    found = mp3_frames.scan(io.BytesIO(head))
    if found is None or found.header.layer != 3 or found.bitrate_kind == "free":
        return True
    if found.index_tag is not None:
        return found.bitrate_kind == "cbr" or found.index_tag.has_toc
    return found.bitrate_kind == "cbr"


def _wav_is_settled(head: bytes, total: int | None) -> bool:
    found = wav_header.read_header(io.BytesIO(head))
    if found is None:
        return True
    if found.format_tag == wav_header.MPEG_LAYER_3:
        return False
    if not found.browser_playable:
        return True
    if total is None:
        return 0 < found.declared_data_size < wav_header.UNKNOWN_SIZE
    fits = 0 < found.declared_data_size <= total - found.data_offset
    return fits and found.container == "RIFF"
