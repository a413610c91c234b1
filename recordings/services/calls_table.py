"""The table of many calls: its columns, and its lines as a stream.

What each column says to people stands in docs/exports.md.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from django.db.models import Count
from django.utils import timezone

from kallglot_portal.database import let_go
from recordings.models import CallState, Export, ListeningPosition, Note, Recording, Session

from . import csv_cells
from .measures import MEASURES, Measure

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Row:
    """One call, and what is told of it elsewhere.

    channels: of each of its recordings. heard: the share that who exports has heard.
    """

    session: Session
    channels: list[str]
    heard: float | None
    team_notes: int


def lines(export: Export) -> Iterator[str]:
    """The lines of a CSV of the calls of `export`, as far as its person may still see them.

    While the lines are taken, however slowly, no connection to the database is held.
    """
    yield from csv_cells.lines([_COLUMNS])
    for begin in range(0, len(export.session_ids), _ROWS_AT_ONCE):
        rows = _rows(export, export.session_ids[begin : begin + _ROWS_AT_ONCE])
        cells = [[value(row) for value in _COLUMNS.values()] for row in rows]
        let_go()
        yield from csv_cells.lines(cells)


def _rows(export: Export, numbers: Sequence[int]) -> list[_Row]:
    """The calls with these numbers, in their order; one query for each kind of fact."""
    found = Session.objects.visible_to(export.user).in_bulk(numbers)
    channels = {number: [] for number in found}
    recordings = Recording.objects.filter(session__in=found)
    for number, channel in recordings.values_list("session", "channel"):
        channels[number].append(channel)
    places = ListeningPosition.objects.filter(user=export.user, session__in=found)
    heard = dict(places.values_list("session", "heard_share"))
    counted = Note.objects.filter(session__in=found, is_private=False).values("session")
    notes = dict(counted.annotate(Count("pk")).values_list("session", "pk__count"))
    return [
        _Row(found[number], channels[number], heard.get(number), notes.get(number, 0))
        for number in numbers
        if number in found
    ]


def _measured(measure: Measure, row: _Row) -> float | None:
    return measure.of(row.session)


def _heard(row: _Row) -> float | None:
    # As in the library, 0 says nothing: who plays a file by other means has no place in the call.
    return round(row.heard, 4) if row.heard else None


def _expires(row: _Row) -> str:
    has_expired = row.session.call_state is CallState.EXPIRED
    return "" if has_expired else _utc(row.session.expires_first)


def _expired_since(row: _Row) -> str:
    last = row.session.expires_last
    # Kallglot may have deleted it before the day it had told; then nobody knows since when.
    is_past = last is not None and last <= timezone.now()
    return _utc(last) if is_past and row.session.call_state is CallState.EXPIRED else ""


def _metadata(row: _Row) -> str:
    metadata = row.session.metadata if isinstance(row.session.metadata, dict) else {}
    return "; ".join(f"{name}={_as_text(value)}" for name, value in metadata.items())


def _as_text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _utc(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


_COLUMNS: dict[str, Callable[[_Row], object]] = {
    "session": lambda row: row.session.kallglot_id,
    "started_utc": lambda row: _utc(row.session.begun_at),
    "ended_utc": lambda row: _utc(row.session.ended_at),
    "length_s": lambda row: row.session.seconds,
    "state": lambda row: row.session.call_state.label,
    "customer": lambda row: row.session.caller,
    "customer_language": lambda row: row.session.source_language,
    "agent_language": lambda row: row.session.target_language,
    "mode": lambda row: row.session.mode,
    "line": lambda row: row.session.phone_number,
    "provider": lambda row: row.session.provider,
    "end_reason": lambda row: row.session.end_reason,
    # The name of the database's column tells the unit: seconds, or a share between 0 and 1.
    **{measure.column: partial(_measured, measure) for measure in MEASURES},
    "heard_by_me_share": _heard,
    "team_notes": lambda row: row.team_notes,
    "recordings": lambda row: len(row.channels),
    "channels": lambda row: " ".join(sorted(set(row.channels))),
    "expires_utc": _expires,
    "expired_since_utc": _expired_since,
    "metadata": _metadata,
}
