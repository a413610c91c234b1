"""What the rows of the library tell: found out once per answer, and once per call."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from recordings import permissions
from recordings.models import ListeningPosition, Recording, RecordingState, Session
from recordings.services import sync
from recordings.services.measures import MEASURES, Measure
from recordings.views.polling import poll

# A page has fifty calls and three times as many recordings, and their rows are wide.
_CALL_COLUMNS = (
    *("kallglot_id", "status", "source_language", "target_language", "phone_number", "metadata"),
    *("duration", "recording_enabled", "created_at", "started_at", "ended_at", "refreshed_at"),
    *("length_s", "recordings_state", "expires_last", "expires_first", "channels"),
    *(measure.column for measure in MEASURES),
)
_RECORDING_COLUMNS = (
    *("kallglot_id", "session_id", "channel", "status"),
    *("expires_at", "last_error", "gone_since"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One call: its recordings with their states, in order, and the share that was heard."""

    session: Session
    recordings: list[tuple[Recording, RecordingState]]
    heard: float | None

    @property
    def is_watched(self) -> bool:
        """Whether the row is to look again."""
        return sync.is_pending(self.session, [state for _, state in self.recordings])

    @property
    def version(self) -> str:
        """A mark of what the row shows."""
        session = self.session
        shown = (
            *(session.call_state, session.begun_at, session.length, session.expires_first),
            *(session.source_language, session.target_language),
            *(session.phone_number, session.metadata),
            *((recording.kallglot_id, state) for recording, state in self.recordings),
        )
        return f"{zlib.crc32(repr(shown).encode()):x}"

    def plays(self, channel: str) -> Recording | None:
        """What its button plays first: `channel`, else mixed, else any that is ready."""
        ready = [found for found, state in self.recordings if state is RecordingState.READY]
        for wanted in (channel, "mixed"):
            for recording in ready:
                if recording.channel == wanted:
                    return recording
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
    request, sessions: Sequence[Session], columns: tuple[Measure, ...], list_query: str
) -> Rows:
    """The rows of `sessions`; two queries."""
    user = request.user
    recordings = {session.pk: [] for session in sessions}
    theirs = Recording.objects.in_order().filter(session__in=recordings)
    for recording in theirs.only(*_RECORDING_COLUMNS):
        recordings[recording.session_id].append((recording, recording.state))
    places = ListeningPosition.objects.filter(user=user, session__in=recordings)
    heard = dict(places.values_list("session", "heard_share"))
    return Rows(
        listed=[Row(each, recordings[each.pk], heard.get(each.pk)) for each in sessions],
        columns=columns,
        channel=request.GET.get("channel", ""),
        list_query=list_query,
        may_choose=user.has_perm(permissions.EXPORT),
        may_listen=user.has_perm(permissions.LISTEN),
        **poll(request),
    )
