"""Whether a player can have a recording as it is, told from its first bytes.

While a file is still arriving, only its beginning can be looked at. Where that leaves a doubt
(an MP3 of varying bitrate without an index, a WAV whose sizes are not true), the player waits
for the whole file and then gets the form that `playable` plans. So what an index or a size claims
is compared with the known length of the file here already. A file that is constant for as long
as is looked at and varies later is played as it is at first; see `Facts.form_since`.
"""

import io

from . import mp3_frames, wav_header
from .index_tag import IndexTag
from .mp3_frames import Mp3Facts
from .mpeg_header import id3v2_bytes, parse_header, tells_bitrate
from .playable import Playable, Unplayable, plan
from .sniff import MP3, WAV, AudioType

MOST_JUDGED_BYTES = 256 * 1024
"""Whatever is not settled by this many leading bytes waits for the whole file."""

_MP3_HEAD_BYTES = 16 * 1024
# So much sound shows whether the bitrate varies; silence has the lowest bitrate in any case.
_MP3_SOUND_BYTES = 8 * 1024
_WAV_HEAD_BYTES = 1024
# Tags behind the sound are part of the length and of no claim.
_TAGS_BYTES = 2048
_CHUNKS_BYTES = 16 * 1024


def judged_bytes(kind: AudioType | None, head: bytes = b"") -> int:
    """How many leading bytes `is_settled` wants to see of the file that begins with `head`.

    More than `head` has where a tag, a chunk or silence hides what would tell; ask again with as
    many. Never more than `MOST_JUDGED_BYTES`.
    """
    return min(_wanted_bytes(kind, head), MOST_JUDGED_BYTES)


def is_settled(head: bytes, kind: AudioType, total: int | None) -> bool:
    """Whether the bytes that begin with `head` can go to a player before all have arrived.

    `total` is the length of the whole file in bytes, None when it is not known. True as well
    where no other form could be made. Looks at `judged_bytes(kind, head)` of `head` and no
    further, so that a file is judged alike however much of it came at once.
    """
    wanted = _wanted_bytes(kind, head)
    head = head[:wanted]
    if total is not None and len(head) >= total:
        return not isinstance(plan(io.BytesIO(head), kind), Playable)
    if len(head) < wanted:
        return False
    if kind == MP3:
        return _mp3_is_settled(head, total)
    if kind == WAV:
        return _wav_is_settled(head, total)
    return True


def why_unplayable(head: bytes, kind: AudioType, total: int | None) -> str:
    """Why no browser plays the file that begins with `head`: a sentence, or empty."""
    found = plan(io.BytesIO(head), kind)
    if not isinstance(found, Unplayable) or (found.empty and len(head) != total):
        return ""
    return found.reason


def _wanted_bytes(kind: AudioType | None, head: bytes) -> int:
    if kind == MP3:
        return _mp3_wanted_bytes(head)
    if kind == WAV:
        return max(_WAV_HEAD_BYTES, wav_header.head_bytes(head))
    return 0


def _mp3_wanted_bytes(head: bytes) -> int:
    start = _tags_bytes(head)
    wanted = start + _MP3_HEAD_BYTES
    if len(head) < wanted:
        return wanted
    found = mp3_frames.scan(io.BytesIO(head[:wanted]))
    if found is None or found.bitrate_kind != "cbr" or found.header.layer != 3:
        return wanted
    sound, offset = 0, found.audio_offset
    while sound < _MP3_SOUND_BYTES:
        header = parse_header(head, offset)
        if header is None or not header.continues(found.header):
            if offset + 4 <= len(head):
                return max(wanted, offset)  # rubbish: what comes before it is judged
            return len(head) + _MP3_HEAD_BYTES
        if header.bitrate != found.header.bitrate:
            return max(wanted, offset + header.frame_bytes)
        if tells_bitrate(head[offset : offset + header.frame_bytes], header):
            sound += header.frame_bytes
        offset += header.frame_bytes
    return max(wanted, offset)


def _tags_bytes(head: bytes) -> int:
    start = 0
    while length := id3v2_bytes(head, start):
        start += length
    return start


def _mp3_is_settled(head: bytes, total: int | None) -> bool:
    found = mp3_frames.scan(io.BytesIO(head))
    if found is None or found.header.layer != 3 or found.bitrate_kind == "free":
        return True
    if found.index_tag is not None:
        return _index_is_fit(found, found.index_tag, total)
    return found.bitrate_kind == "cbr"


def _index_is_fit(found: Mp3Facts, tag: IndexTag, total: int | None) -> bool:
    """Whether the index says of the file what its length says."""
    if total is None:
        return False
    within = _TAGS_BYTES + total // 200
    if found.bitrate_kind == "cbr" and tag.frames is not None:
        seconds = tag.frames * found.header.samples / found.header.sample_rate
        claimed = round(seconds * found.header.bitrate / 8)
        if abs(total - found.audio_offset - claimed) <= within:
            return True
    if not tag.steers_browsers or tag.audio_bytes is None:
        return False
    return abs(total - found.first_frame_offset - tag.audio_bytes) <= within


def _wav_is_settled(head: bytes, total: int | None) -> bool:
    found = wav_header.read_header(io.BytesIO(head))
    if found is None:
        return True
    if found.format_tag == wav_header.MPEG_LAYER_3:
        return False
    if not found.browser_playable:
        return True
    if found.container != "RIFF" or not 0 < found.declared_data_size < wav_header.UNKNOWN_SIZE:
        return False
    data_end = found.data_offset + found.declared_data_size
    if total is None:
        return data_end <= found.declared_end
    # Behind the sound there may be chunks, as far as the size of the whole counts them in.
    return abs(found.declared_end - total) <= 1 and 0 <= total - data_end <= _CHUNKS_BYTES
