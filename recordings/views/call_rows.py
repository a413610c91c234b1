"""What the rows of the library tell: found out once per answer, and once per call."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recordings import permissions
from recordings.models import (
    ListeningPosition,
    Recording,
    RecordingState,
    Session,
    recording_state,
)
from recordings.services import sync
from recordings.services.measures import MEASURES, Measure
from recordings.views.polling import poll

# A page has fifty calls and three times as many recordings, and their rows are wide. A few facts
# of each recording are enough.
_CALL_COLUMNS = (
    *("kallglot_id", "status", "source_language", "target_language", "phone_number", "metadata"),
    *("duration", "recording_enabled", "created_at", "started_at", "ended_at", "refreshed_at"),
    *("length_s", "recordings_state", "expires_last", "expires_first", "channels"),
    *(measure.column for measure in MEASURES),
)
_STATE_COLUMNS = ("status", "last_error", "expires_at", "gone_since")


class Mark(NamedTuple):
    """One recording of a call."""

    kallglot_id: str
    channel: str
    state: RecordingState


@dataclass(frozen=True, slots=True)
class Row:
    """One call: its recordings, in order, and the share of it that was heard."""

    session: Session
    marks: list[Mark]
    heard: float | None

    @property
    def is_watched(self) -> bool:
        """Whether the row is to look again."""
        return sync.is_pending(self.session, [mark.state for mark in self.marks])

    @property
    def version(self) -> str:
        """A mark of what the row shows."""
        session = self.session
        shown = (
            *(session.call_state, session.begun_at, session.seconds, session.expires_first),
            *(session.source_language, session.target_language),
            *(session.phone_number, session.metadata),
            *((mark.kallglot_id, mark.state) for mark in self.marks),
        )
        return f"{zlib.crc32(repr(shown).encode()):x}"

    def plays(self, channel: str) -> Mark | None:
        """What its button plays first: `channel`, else mixed, else any that is ready."""
        ready = [mark for mark in self.marks if mark.state.may_have_audio]
        for wanted in (channel, "mixed"):
            for mark in ready:
                if mark.channel == wanted:
                    return mark
        return ready[0] if ready else None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one answer, and what all of them have in common.

    channel: the one that somebody filters by. list_query: where their links say they come from,
    see `came_from`. columns: the measurements shown.
    """

    listed: list[Row]
    columns: tuple[Measure, ...]
    channel: str
    list_query: str
    may_choose: bool
    may_listen: bool
    poll_delay_s: int
    next_look: int


def calls(numbers: Sequence[int]) -> list[Session]:
    """The calls with these numbers, in their order, as far as rows need them."""
    found = Session.objects.only(*_CALL_COLUMNS).in_bulk(numbers)
    return [found[number] for number in numbers if number in found]


def rows(
    request,
    sessions: Sequence[Session],
    columns: tuple[Measure, ...],
    list_query: str,
    in_a_moment: bool = False,
) -> Rows:
    """The rows of `sessions`; two queries. in_a_moment: see `poll`."""
    user = request.user
    marks = {session.pk: [] for session in sessions}
    recordings = Recording.objects.in_order().filter(session__in=marks)
    facts = recordings.values_list("session_id", "kallglot_id", "channel", *_STATE_COLUMNS)
    for session, kallglot_id, channel, *of_state in facts:
        marks[session].append(Mark(kallglot_id, channel, recording_state(*of_state)))
    places = ListeningPosition.objects.filter(user=user, session__in=marks)
    heard = dict(places.values_list("session", "heard_share"))
    return Rows(
        listed=[Row(each, marks[each.pk], heard.get(each.pk)) for each in sessions],
        columns=columns,
        channel=request.GET.get("channel", ""),
        list_query=list_query,
        may_choose=user.has_perm(permissions.EXPORT),
        may_listen=user.has_perm(permissions.LISTEN),
        **poll(request, in_a_moment=in_a_moment),
    )
