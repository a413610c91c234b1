"""What a row of the library shows, worked out once per row: a page has fifty of them."""

from dataclasses import dataclass

from django.urls import reverse

from recordings import permissions
from recordings.models import CallState, Recording, RecordingState, Session
from recordings.services.measures import Measure

# Any id will do: only what stands around it is wanted.
_SESSION, _RECORDING = "sess_0", "rec_0"


@dataclass(frozen=True, slots=True)
class Mark:
    """One recording of the call: its channel's letter, and its state in words."""

    letter: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One call; `plays` is the recording that the row's button plays first, if any.

    `measured` has each measurement that the table shows, with its value.
    """

    address: str
    state: CallState
    marks: list[Mark]
    plays: Recording | None
    plays_at: str
    measured: list[tuple[Measure, float | None]]


class Rows:
    """Makes the rows of one answer. What is the same for all of them is found out here.

    channel: the one that somebody filters by, which plays first. columns: the measurements shown.
    """

    def __init__(self, user, channel: str, columns: tuple[Measure, ...] = ()) -> None:
        self.context = {
            "channel": channel,
            "columns": columns,
            "may_choose": user.has_perm(permissions.EXPORT),
            "may_listen": user.has_perm(permissions.LISTEN),
        }
        self._columns = columns
        self._wanted = (channel, "mixed")
        self._session = reverse("session", args=[_SESSION]).split(_SESSION)
        self._audio = reverse("audio", args=[_RECORDING]).split(_RECORDING)

    def row(self, session: Session) -> Row:
        """`session` has its recordings fetched, in order."""
        states = [(recording, recording.state) for recording in session.recordings.all()]
        ready = [found for found, state in states if state is RecordingState.READY]
        plays = self._first(ready)
        return Row(
            address=session.kallglot_id.join(self._session),
            state=session.call_state,
            marks=[
                Mark(found.channel[:1].upper(), state.value, f"{found.channel}: {state.label}")
                for found, state in states
            ],
            plays=plays,
            plays_at=plays.kallglot_id.join(self._audio) if plays else "",
            measured=[(column, column.of(session)) for column in self._columns],
        )

    def _first(self, ready: list[Recording]) -> Recording | None:
        """Of the channel asked for, else mixed, else any."""
        for wanted in self._wanted:
            for recording in ready:
                if recording.channel == wanted:
                    return recording
        return ready[0] if ready else None
