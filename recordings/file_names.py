"""Names for downloaded files: when, which call, which voice."""

import re
import unicodedata
from datetime import datetime

from django.utils import timezone

# Without the extension.
_LONGEST = 140
# Letters, digits and a few marks that no file system or shell takes amiss.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def file_time(moment: datetime) -> datetime:
    """`moment` in the time zone of all files: the portal's own.

    The same call has the same name for every viewer and in a ZIP, which the worker makes.
    """
    return timezone.localtime(moment, timezone.get_default_timezone())


def download_stem(recording) -> str:
    """`2026-03-26_1104_sess_01HXYZ_customer`.

    `recording` is a `models.Recording`; the extension comes from the bytes, never from the vendor.
    Several recordings of one channel (after a pause) are told apart by their ids.
    """
    session = recording.session
    parts = [session.kallglot_id, recording.channel]
    if session.recordings.filter(channel=recording.channel).count() > 1:
        parts.append(recording.kallglot_id)
    return _stem(session.begun_at or recording.created_at, *parts)


def transcript_name(session, text: str, extension: str) -> str:
    """`2026-03-26_1104_sess_01HXYZ_transcript_both.vtt`.

    `session` is a `models.Session`; `text` says which words: original, translation or both.
    """
    return f"{_stem(session.begun_at, session.kallglot_id, 'transcript', text)}.{extension}"


def table_name(export) -> str:
    """`2026-03-26_1104_kallglot_calls.csv`; `export` is a `models.Export`."""
    return f"{_stem(export.created_at, 'kallglot_calls')}.csv"


def zip_name(export) -> str:
    """`2026-03-26_1104_kallglot_export_7.zip`; `export` is a `models.Export`."""
    return f"{_stem(export.ready_at, f'kallglot_export_{export.pk}')}.zip"


def content_disposition(name: str) -> str:
    """The header for a download, `name` once plain and once as RFC 6266 section 4.3 encodes it.

    `name` is one that a function here made: safe ASCII, so both say the same.
    """
    return f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"


def _stem(moment: datetime | None, *parts: str) -> str:
    stamp = [f"{file_time(moment):%Y-%m-%d_%H%M}"] if moment else []
    return safe("_".join([*stamp, *parts]))[:_LONGEST]


def safe(text: str) -> str:
    """`text` without anything that could be a path, a control or a surprise in a file name."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNSAFE.sub("-", ascii_text).strip(".-") or "recording"
