"""The form of a recording that a browser's player can use, where the vendor's bytes are not it.

Only the player gets it: downloads and digests are always of the vendor's own bytes. It is plain
data, some bytes to send instead of the first bytes of the file, so that ranges over it are no
harder than ranges over the file, and nothing is stored twice:

- MP3 of varying bitrate without a true index: browsers guess its duration, up to half of it
  wrong, and seek beside the mark. It gets a Xing frame. One whose bitrate is constant needs no
  index, and loses one that is not true (a recording cut or joined after it was encoded).
- MP3 of constant bitrate with other bytes between or behind its frames: browsers take them for
  sound. It gets a Xing frame as well, and ends with its last frame.
- MP3 of varying bitrate for browsers that play it as MP4: see `mp4_head`.
- WAV with sizes that are not true (the writer could not seek back): a mended header.
- MP3 inside WAV: the MP3 alone.

GSM 6.10, ADPCM, G.726 and the like play in no browser and can only be decoded. That is not done
here: `plan` then says `Unplayable`, and whoever can decode puts a WAV file in its place.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from . import mp3_frames, wav_header
from .index_tag import TOC_POINTS, IndexTag, silent_frame, xing_frame
from .mp3_frames import Mp3Facts
from .mp4_head import Run, mp4_head
from .sniff import MP2, MP3, MP4, OGG, SNIFF_BYTES, WAV, AudioType, sniff
from .wav_header import WavFacts

BLOCK_BYTES = 256 * 1024

_MOST_LISTED_FRAMES = 500_000  # 3.6 hours of 44.1 kHz, 10 of 8 kHz: a head of 2 MB
_OGG_HEAD_BYTES = 64
_OGG_CODECS = {
    b"OpusHead": "Opus",
    b"\x01vorbis": "Vorbis",
    b"Speex   ": "Speex",
    b"\x7fFLAC": "FLAC",
}
_MAX_RIFF_BYTES = 0xFFFFFFFF
_MOST_OFF_S = 0.25
_MOST_TOC_STEPS_OFF = 3
_FEW_BYTES = 2048  # as a tag behind the sound has


@dataclass(frozen=True, slots=True)
class Playable:
    """`prefix`, then the bytes of the file from `source_offset` to before `source_end`.

    `source_end` is None for the end of the file. `mime` is the type of this form.
    """

    prefix: bytes
    source_offset: int
    mime: str
    source_end: int | None = None

    def length(self, file_size: int) -> int:
        """The length in bytes of this form of a file of `file_size` bytes."""
        end = file_size if self.source_end is None else min(self.source_end, file_size)
        return len(self.prefix) + max(0, end - self.source_offset)


@dataclass(frozen=True, slots=True)
class Unplayable:
    """No browser plays these bytes in any form made here; `reason` is a sentence for people.

    `empty`: there is no sound in the file.
    """

    reason: str
    empty: bool = False


EMPTY = Unplayable("This recording is empty: its file holds no sound.", empty=True)


Plan = Playable | Unplayable | None
"""None: the vendor's bytes are playable as they are."""


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What is known of an audio file. What could not be told is None (or "" for texts).

    `size` is in bytes, `duration_s` the true one in seconds, `bitrate` the average in bit/s,
    `bitrate_kind` "cbr", "vbr" or "free" and only for MP3. `repairs` is for decoding alone: bytes
    of an MP3 that are no frames, start and end, and the silent frames that keep the time there.
    """

    size: int
    audio_type: AudioType | None
    codec: str = ""
    duration_s: float | None = None
    channels: int | None = None
    sample_rate: int | None = None
    bitrate: int | None = None
    bitrate_kind: str = ""
    playable: Plan = None
    repairs: tuple[tuple[int, int, bytes], ...] = ()


def facts(file: BinaryIO, audio_type: AudioType | None = None) -> AudioFacts:
    """Everything the bytes of a whole file tell, for keeping when the recording has arrived.

    `file` is open for reading; its position is moved. The type is sniffed where it is not given.
    Raises nothing but what reading raises (OSError), whatever the bytes are.
    """
    size = file.seek(0, os.SEEK_END)
    if audio_type is None:
        file.seek(0)
        audio_type = sniff(file.read(SNIFF_BYTES))
    if audio_type is None:
        return AudioFacts(size, None)
    if not size:
        return AudioFacts(size, audio_type, codec=audio_type.name, playable=EMPTY)
    if audio_type in (MP3, MP2):
        return _mp3_facts(size, audio_type, mp3_frames.scan(file))
    if audio_type == WAV:
        return _wav_facts(file, size)
    if audio_type == OGG:
        return _ogg_facts(file, size)
    refused = _refused(audio_type.refused_as) if audio_type.refused_as else None
    return AudioFacts(size, audio_type, codec=audio_type.name, playable=refused)


def plan(file: BinaryIO, audio_type: AudioType | None = None) -> Plan:
    """How to play a whole file: None as it is, `Playable` in another form, `Unplayable` not."""
    return facts(file, audio_type).playable


def exact_form(file: BinaryIO, audio_type: AudioType | None) -> Playable | None:
    """An MP3 as MP4, in which browsers find every second; None where the MP3 serves as well.

    That is so for a constant bitrate. The position of the file is moved.
    """
    size = file.seek(0, os.SEEK_END)
    found = mp3_frames.scan(file) if audio_type == MP3 else None
    if found is None or not found.complete or not found.frames or found.header.layer != 3:
        return None
    if found.bitrate_kind != "vbr" and not _holds_foreign_bytes(found, size):
        return None
    if found.frames > _MOST_LISTED_FRAMES or len(found.gaps) == mp3_frames.MOST_GAPS:
        return None
    runs, lengths = mp3_frames.frame_lengths(file, found)
    if len(lengths) != found.frames:
        return None
    head = mp4_head(found.header, [Run(*run) for run in runs], lengths, found.audio_end)
    return head and Playable(head, runs[0][0], MP4.mime, found.audio_end)


def read_at(
    file: BinaryIO, plan: Playable | None, start: int = 0, stop: int | None = None
) -> Iterator[bytes]:
    """The bytes from `start` to `stop` (exclusive; None: the end) of the playable form.

    Blocks are `BLOCK_BYTES` long, the last one as long as is left. The position of `file` is
    moved between blocks, so every reader needs a file object of its own. Raises EOFError where
    the file ends before `stop`: the answer must then be broken off, never end as if whole.
    """
    prefix = plan.prefix if plan else b""
    shift = plan.source_offset - len(prefix) if plan else 0
    if stop is None:
        size = file.seek(0, os.SEEK_END)
        stop = plan.length(size) if plan else size
    while start < stop:
        wanted = min(BLOCK_BYTES, stop - start)
        block = prefix[start : start + wanted]
        if len(block) < wanted:
            file.seek(start + len(block) + shift)
            block += file.read(wanted - len(block))
        if len(block) < wanted:
            raise EOFError(f"{wanted - len(block)} bytes short at byte {start + len(block)}")
        yield block
        start += wanted


def _refused(kind: str) -> Unplayable:
    return Unplayable(f"This recording is {kind}, which browsers cannot play.")


def _ogg_facts(file: BinaryIO, size: int) -> AudioFacts:
    """The codec by the first packet of the first page (RFC 3533, RFC 7845)."""
    file.seek(0)
    head = file.read(_OGG_HEAD_BYTES)
    found = next((name for mark, name in _OGG_CODECS.items() if mark in head), "")
    refused = _refused("an Ogg file with Speex sound") if found == "Speex" else None
    codec = f"{found} in Ogg" if found else OGG.name
    return AudioFacts(size, OGG, codec=codec, playable=refused)


def _mp3_facts(size: int, audio_type: AudioType, found: Mp3Facts | None) -> AudioFacts:
    if found is None:
        return AudioFacts(size, audio_type, codec=audio_type.name)
    plan = _mp3_plan(found, size)
    version = {1.0: "MPEG-1", 2.0: "MPEG-2", 2.5: "MPEG-2.5"}[found.header.version]
    return AudioFacts(
        size=size,
        audio_type=audio_type,
        codec=f"{version} layer {'I' * found.header.layer}",
        # A scan that gave up has seen only a part.
        duration_s=found.duration_s if found.complete else None,
        channels=found.channels,
        sample_rate=found.sample_rate,
        bitrate=found.bitrate or None,
        bitrate_kind=found.bitrate_kind,
        playable=plan,
        repairs=_repairs(found, counted=isinstance(plan, Playable)),
    )


def _repairs(found: Mp3Facts, *, counted: bool) -> tuple[tuple[int, int, bytes], ...]:
    """Silent frames for the stretches of a layer III file that are none.

    Sound data reaches back into the frames before (the bit reservoir), so a decoder leaves out
    frames behind such a stretch, and what follows comes too early. One silent frame is enough where
    a player goes by an index that `counted` the frames; else it goes by bytes, and takes the
    stretch for as many frames as fit into it.
    """
    if found.header.layer != 3 or not found.header.frame_bytes:
        return ()
    mean = found.header.bitrate * found.header.samples / 8 / found.sample_rate
    return tuple(
        (
            start,
            end,
            silent_frame(found.header_word) * (1 if counted else round((end - start) / mean)),
        )
        for start, end in found.gaps
    )


def _mp3_plan(found: Mp3Facts, size: int) -> Plan:
    if found.header.layer != 3:
        return _refused(f"an MPEG layer {'I' * found.header.layer} file")
    if found.bitrate_kind == "free":
        return _refused("an MP3 file in free format")
    if not found.complete:
        return None
    if not found.frames:
        return EMPTY if found.index_tag and not found.truncated else None
    start, end = found.audio_offset, found.audio_end
    index_is_true = _is_true(found.index_tag, found.frames)
    if found.bitrate_kind == "cbr" and not _holds_foreign_bytes(found, size):
        if found.index_tag is None or index_is_true:
            return None
        return Playable(b"", start, MP3.mime)
    if found.bitrate_kind == "vbr" and index_is_true and _steers_right(found, size):
        return None
    prefix = xing_frame(
        found.header_word,
        frames=found.frames,
        audio_bytes=end - start,
        positions=[position - start for position in found.positions(TOC_POINTS)],
    )
    # Browsers take an index for untrue when much follows the bytes that it counts.
    follows = size - end > _FEW_BYTES
    return Playable(prefix, start, MP3.mime, end if follows else None)


def _holds_foreign_bytes(found: Mp3Facts, size: int) -> bool:
    """Whether bytes that are no frames lie behind the first one, so many that one would notice."""
    foreign = size - found.audio_offset - found.audio_bytes
    return foreign * 8 > found.bitrate * _MOST_OFF_S


def _steers_right(found: Mp3Facts, size: int) -> bool:
    """Whether browsers find each second by the index of this file."""
    tag, start = found.index_tag, found.first_frame_offset
    if not tag.steers_browsers:
        return False
    length = size - start if tag.audio_bytes is None else tag.audio_bytes
    if abs(length - (found.audio_end - start)) > _FEW_BYTES + length // 200:
        return False
    most_off = length * _MOST_TOC_STEPS_OFF / 256
    return all(
        abs(told * length / 256 - (position - start)) <= most_off
        for told, position in zip(tag.toc, found.positions(TOC_POINTS), strict=False)
    )


def _is_true(tag: IndexTag | None, frames: int) -> bool:
    """Whether the index claims as many frames as were counted; some encoders count their own."""
    return bool(tag) and tag.frames is not None and abs(tag.frames - frames) <= 2 + frames // 200


def _wav_facts(file: BinaryIO, size: int) -> AudioFacts:
    found = wav_header.read_header(file)
    if found is None:
        return AudioFacts(size, WAV, codec=WAV.name)
    if found.format_tag == wav_header.MPEG_LAYER_3:
        inside = mp3_frames.scan(file, found.data_offset, found.data_offset + found.data_size)
        if inside:
            told = _mp3_facts(size, WAV, inside)
            form = told.playable or Playable(b"", inside.first_frame_offset, MP3.mime)
            return replace(told, codec=f"{told.codec} in WAV", playable=form)
    seconds = found.duration_s
    return AudioFacts(
        size=size,
        audio_type=WAV,
        codec=found.codec,
        duration_s=seconds,
        channels=found.channels or None,
        sample_rate=found.sample_rate or None,
        bitrate=round(found.data_size * 8 / seconds) if seconds else None,
        playable=_wav_plan(found, size),
    )


def _wav_plan(found: WavFacts, size: int) -> Plan:
    if not found.data_size:
        return EMPTY
    if not found.browser_playable:
        return _refused(f"a WAV file with {found.codec} sound")
    # Of the browsers only Chromium reads RF64.
    if not found.sizes_wrong and found.container == "RIFF":
        return None
    fmt = struct.pack("<4sI", b"fmt ", len(found.fmt)) + found.fmt + b"\0" * (len(found.fmt) % 2)
    data = struct.pack("<4sI", b"data", found.data_size)
    riff_size = 4 + len(fmt) + len(data) + size - found.data_offset
    if riff_size >= _MAX_RIFF_BYTES:
        return None
    prefix = struct.pack("<4sI4s", b"RIFF", riff_size, b"WAVE") + fmt + data
    return Playable(prefix, found.data_offset, WAV.mime)
