"""Vendor JSON -> values of `types`. Wrong or missing fields become None, never an exception.

Only two things are refused, as `BadAnswer`: a body that is not a JSON object (or a list without
its `data`), and an answer about another object than the one that was asked for.
"""

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from .errors import BadAnswer
from .types import RECORDING_ID, SESSION_ID, Recording, Session, Transcript, Turn

_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_LONGEST_SECONDS = 366 * 86_400  # a longer "call" is nonsense
_LARGEST_INTEGER = 2**63 - 1  # what a database column holds
# What is longer than these is cut: no page could show it, and every page would carry it.
_LONGEST_TEXT = 20_000  # characters of one turn of a transcript
_LONGEST_METADATA_KEY, _LONGEST_METADATA_TEXT = 100, 1_000
_METADATA_DEPTH, _METADATA_VALUES = 12, 200
_MOST_LANGUAGES = 20
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # no database takes these


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`; raise BadAnswer when there is none."""
    try:
        value = json.loads(body, parse_int=_integer_literal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadAnswer("Kallglot's answer is not a JSON object.", reason="vendor_not_json")
    return value


def session(answer: Mapping[str, Any], asked: str) -> Session:
    _same_object(answer.get("id"), asked)
    provider = answer.get("provider")
    provider_fields = provider if isinstance(provider, dict) else {}
    recording_fields = answer.get("recording")
    enabled = recording_fields.get("enabled") if isinstance(recording_fields, dict) else None
    return Session(
        id=asked,
        status=_word(answer.get("status")),
        mode=_word(answer.get("mode")),
        source_language=_word(answer.get("source_language")),
        target_language=_word(answer.get("target_language")),
        provider=_word(provider_fields.get("type") if provider_fields else provider),
        phone_number=_word(answer.get("phone_number"))
        or _word(provider_fields.get("phone_number")),
        duration=_first_seconds(answer.get("duration"), answer.get("duration_seconds")),
        recording_enabled=enabled if isinstance(enabled, bool) else None,
        metadata=_metadata(answer.get("metadata")),
        created_at=timestamp(answer.get("created_at")),
        started_at=timestamp(answer.get("started_at")),
        ended_at=timestamp(answer.get("ended_at")),
        end_reason=_word(answer.get("end_reason")),
    )


def recording(answer: Mapping[str, Any], asked: str) -> Recording:
    _same_object(answer.get("id"), asked)
    return _recording(answer)


def listed_recording(entry: object, session_id: str) -> Recording | None:
    """Return the list entry, or None when its id cannot be used or it is of another session."""
    if not isinstance(entry, dict) or not _matches(RECORDING_ID, entry.get("id")):
        return None
    if entry.get("session_id") not in (None, session_id):
        return None
    return _recording({**entry, "session_id": session_id})


def recording_page(answer: Mapping[str, Any], session_id: str) -> tuple[list[Any], bool]:
    """Return the entries of one page and whether there may be another.

    The list has no documented paging marks in one generation, so a full default page (20) counts
    as "maybe more" when `has_more` is absent.
    """
    if answer.get("session_id") is not None:
        _same_object(answer["session_id"], session_id)
    data = answer.get("data")
    if not isinstance(data, list):
        raise BadAnswer("Kallglot's list of recordings has no data.")
    more = answer.get("has_more")
    return data, more if isinstance(more, bool) else len(data) >= 20


def transcript(answer: Mapping[str, Any], session_id: str) -> Transcript:
    """Read a transcript of either generation: `turns` with timestamps, `segments` with offsets."""
    if answer.get("session_id") is not None:
        _same_object(answer["session_id"], session_id)
    entries = answer.get("turns")
    if not isinstance(entries, list):
        entries = answer.get("segments")
    if not isinstance(entries, list):
        entries = []
    turns = [_turn(entry, n) for n, entry in enumerate(entries, 1) if isinstance(entry, dict)]
    turns.sort(key=lambda turn: turn.sequence)
    summary = answer.get("metadata") if isinstance(answer.get("metadata"), dict) else {}
    pair = answer.get("language") if isinstance(answer.get("language"), dict) else {}
    spoken = summary.get("languages_detected")
    if not isinstance(spoken, list):
        spoken = [pair.get("source"), pair.get("target")]
    return Transcript(
        session_id=session_id,
        id=_word(answer.get("id")),
        status=_word(answer.get("status")),
        turns=tuple(turns),
        languages=_languages(spoken),
        duration=_first_seconds(answer.get("duration"), summary.get("duration_seconds")),
        skipped=len(entries) - len(turns),
    )


def _recording(fields: Mapping[str, Any]) -> Recording:
    session_id = fields.get("session_id")
    return Recording(
        id=fields["id"],
        session_id=session_id if _matches(SESSION_ID, session_id) else None,
        channel=_word(fields.get("channel")) or "mixed",
        status=_word(fields.get("status")),
        duration=_seconds(fields.get("duration")),
        format=_word(fields.get("format")),
        size=_integer(fields.get("size")),
        sample_rate=_integer(fields.get("sample_rate"), largest=10_000_000),
        bit_depth=_integer(fields.get("bit_depth"), largest=1_024),
        created_at=timestamp(fields.get("created_at")),
        expires_at=timestamp(fields.get("expires_at")),
    )


def _turn(fields: Mapping[str, Any], position: int) -> Turn:
    translation = fields.get("translation")
    language = None
    if isinstance(translation, dict):
        translation, language = translation.get("text"), _word(translation.get("language"))
    sequence = _integer(fields.get("sequence"), largest=2**31 - 1)
    confidence = _number(fields.get("confidence"), largest=1.0)
    return Turn(
        sequence=position if sequence is None else sequence,
        text=_text(fields.get("text")) or "",
        speaker=_word(fields.get("speaker")),
        language=_word(fields.get("language")),
        translation=_text(translation),
        translation_language=language,
        timestamp=timestamp(fields.get("timestamp")),
        start=_seconds(fields.get("start_time")),
        end=_seconds(fields.get("end_time")),
        confidence=confidence,
    )


def _languages(items: list[Any]) -> tuple[str, ...]:
    words = dict.fromkeys(word for item in items if (word := _word(item)))
    return tuple(words)[:_MOST_LANGUAGES]


def _same_object(told: object, asked: str) -> None:
    if told != asked:
        raise BadAnswer("Kallglot answered about another object.", reason="vendor_other_object")


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def _integer_literal(digits: str) -> int | None:
    # int() refuses more than 4,300 digits with an exception; nobody needs more than 20.
    return int(digits) if len(digits) <= 20 else None


def _number(value: object, largest: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= largest else None


def _seconds(value: object) -> float | None:
    return _number(value, _LONGEST_SECONDS)


def _first_seconds(*values: object) -> float | None:
    return next((seconds for v in values if (seconds := _seconds(v)) is not None), None)


def _integer(value: object, largest: int = _LARGEST_INTEGER) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= largest else None


def _text(value: object, longest: int = _LONGEST_TEXT) -> str | None:
    """`value` as a database takes it, with an ellipsis for what is too long."""
    if not isinstance(value, str):
        return None
    if len(value) > longest:
        value = value[: longest - 1] + "…"
    return _UNSTORABLE.sub("\ufffd", value)


def _word(value: object) -> str | None:
    """A short text on one line; anything longer or with controls is no word."""
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isprintable():
        return None
    return value


def timestamp(value: object) -> datetime | None:
    """An ISO 8601 time as an aware one in UTC; None for anything else."""
    if not isinstance(value, str) or len(value) > 40 or not _TIMESTAMP.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value.upper())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # The first and last years cannot be shown in every time zone without an overflow.
    return moment if 1970 <= moment.year <= 9998 else None


def _metadata(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return _storable(value, _METADATA_DEPTH, itertools.count(1))


def _storable(value: Any, depth: int, numbers: Iterator[int]) -> Any:
    """Return `value` without what a JSON column refuses; too deep or too much is left out.

    numbers: counts the values of the whole metadata.
    """
    if isinstance(value, str):
        return _text(value, _LONGEST_METADATA_TEXT)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, dict | list):
        return value
    if not depth:
        return None
    if isinstance(value, list):
        few = itertools.takewhile(lambda _: next(numbers) <= _METADATA_VALUES, value)
        return [_storable(item, depth - 1, numbers) for item in few]
    kept: dict[str, Any] = {}
    for key, item in value.items():
        if next(numbers) > _METADATA_VALUES:
            break
        # Of two long keys that begin alike, the first stays.
        kept.setdefault(_text(key, _LONGEST_METADATA_KEY), _storable(item, depth - 1, numbers))
    return kept
