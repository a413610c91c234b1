"""Names for downloaded files: when, which call, which voice."""

import re
import unicodedata

from django.utils import timezone

# Without the extension.
_LONGEST = 140
# Letters, digits and a few marks that no file system or shell takes amiss.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def download_stem(recording) -> str:
    """`2026-03-26_1104_sess_01HXYZ_customer`, in the viewer's time zone.

    `recording` is a `models.Recording`; the extension comes from the bytes, never from the vendor.
    Several recordings of one channel (after a pause) are told apart by their ids.
    """
    session = recording.session
    moment = session.begun_at or recording.created_at
    parts = [timezone.localtime(moment).strftime("%Y-%m-%d_%H%M")] if moment else []
    parts += [session.kallglot_id, recording.channel]
    if session.recordings.filter(channel=recording.channel).count() > 1:
        parts.append(recording.kallglot_id)
    return safe("_".join(parts))[:_LONGEST]


def transcript_name(session, text: str, extension: str) -> str:
    """`2026-03-26_1104_sess_01HXYZ_transcript_both.vtt`, in the viewer's time zone.

    `session` is a `models.Session`; `text` says which words: original, translation or both.
    """
    moment = session.begun_at
    parts = [timezone.localtime(moment).strftime("%Y-%m-%d_%H%M")] if moment else []
    parts += [session.kallglot_id, "transcript", text]
    return f"{safe('_'.join(parts))[:_LONGEST]}.{extension}"


def content_disposition(name: str) -> str:
    """The header for a download, `name` once plain and once as RFC 6266 section 4.3 encodes it.

    `name` is one that a function here made: safe ASCII, so both say the same.
    """
    return f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"


def safe(text: str) -> str:
    """`text` without anything that could be a path, a control or a surprise in a file name."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNSAFE.sub("-", ascii_text).strip(".-") or "recording"
