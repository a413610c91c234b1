"""Transcripts: fetched from Kallglot when they are due, kept turn by turn.

When to ask stands in the database (`Transcript.next_fetch_at`), so neither a restart nor a lost
job loses anything, and a call without a transcript is not asked about again and again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.utils import timezone

from recordings.kallglot import errors, types
from recordings.models import Session, SessionState, Transcript, Turn

from . import schedule, searching, transcript_files, vendor

# Delays between looks at a transcript still in the making; the last one repeats.
_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (15, 60, 300, 1800, 3600))
_GIVE_UP_AFTER_END = timedelta(hours=24)
# In trouble a call that ended long ago is asked about this often as well: for about four hours.
_FEWEST_TRIES = 8
# Whoever fetches has this long before somebody else may; also how long a killed one is missed.
_CLAIM = timedelta(seconds=60)
_TURNS_AT_ONCE = 500
_WAIT_FOR_TRIES = 3


def plan(session: Session) -> None:
    """Make the transcript of an ended call due, unless it was before.

    Meant for the transaction that stores what is new about `session`.
    """
    if session.state is SessionState.ENDED:
        now = timezone.now()
        Transcript.objects.get_or_create(session=session, defaults={"next_fetch_at": now})


def at_once(sessions) -> None:
    """Kallglot says something is new: make the transcripts of `sessions` (a queryset) due."""
    Transcript.objects.filter(session__in=sessions).update(next_fetch_at=timezone.now(), attempts=0)


def ask_again(session: Session) -> None:
    """A user asks for what could not be fetched: make it due."""
    failed = Transcript.objects.filter(session=session, next_fetch_at=None).exclude(last_error="")
    failed.update(next_fetch_at=timezone.now(), attempts=0)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page says of a transcript: the turns, or in words why there are none.

    `awaited`: Kallglot is going to be asked again. `due`: now. `last_error`: the `reason` word
    of the error that the last request ended with.
    """

    turns: tuple[Turn, ...] = ()
    approximate: bool = False
    awaited: bool = False
    due: bool = False
    last_error: str = ""

    @property
    def near_s(self) -> float:
        """How far from the speech a turn's time may be, in seconds."""
        # A whole-second stamp may be off by one, and is rounded.
        return 1.6 if self.approximate else 0.8

    @property
    def kinds(self) -> tuple[str, ...]:
        """The ends of file names it can be had under."""
        return tuple(transcript_files.KINDS)


def shown(session: Session) -> Shown:
    """The transcript of `session` for somebody who looks at it.

    A call from before transcripts were kept becomes due with the first look.
    """
    transcript = _of(session)
    if transcript is None and session.state is SessionState.ENDED:
        try:
            plan(session)
        except OperationalError:
            # Somebody holds the database's write lock; the next look will do.
            return Shown()
        transcript = _of(session)
    if transcript is None:
        return Shown()
    return Shown(
        turns=tuple(transcript.turns.all()),
        approximate=transcript.approximate,
        # After some fruitless looks nobody is kept waiting, though the worker looks on.
        awaited=transcript.next_fetch_at is not None and transcript.attempts < _WAIT_FOR_TRIES,
        due=transcript.is_due,
        last_error=transcript.last_error,
    )


def with_turns(session: Session) -> Transcript | None:
    """The transcript of `session` with its turns in order; None while it has none."""
    transcript = _of(session)
    return transcript if transcript and transcript.turns.all() else None


def fetch_if_due(session: Session, *, background: bool = False) -> None:
    """Fetch the transcript of `session`, unless it is not due or somebody else is at it.

    Raises `errors.KallglotError`; when to try again is settled by then.
    """
    now = timezone.now()
    due = Transcript.objects.filter(session=session, next_fetch_at__lte=now)
    # The database decides who fetches, so that two viewers and the worker make one call.
    if not due.update(next_fetch_at=now + _CLAIM):
        return
    try:
        fetch(session, background=background)
    except errors.KallglotError as error:
        _settle_failure(session, error)
        raise


def fetch(session: Session, *, background: bool = False) -> None:
    """Ask Kallglot for the transcript of `session` and store it; twice changes nothing.

    background: nobody waits for it, so people's own calls go first (see `vendor.client`).
    Raises `errors.KallglotError`, but not for a call without a transcript.
    """
    try:
        told = vendor.client(background=background).transcript(session.kallglot_id)
    except (errors.NotFound, errors.Gone):
        told = None
    _store(session, told)


@transaction.atomic
def _store(session: Session, told: types.Transcript | None) -> None:
    # Whoever stores something about the same call at this moment waits here.
    session = Session.objects.select_for_update().get(pk=session.pk)
    transcript, _ = Transcript.objects.get_or_create(session=session)
    transcript.attempts += 1
    transcript.fetched_at = timezone.now()
    transcript.last_error = ""
    if told is not None:
        transcript.complete = told.is_complete
        transcript.languages = list(told.languages)
    if told is not None and told.turns:
        transcript.approximate = any(t.start is None and t.timestamp for t in told.turns)
        length = session.length if session.length is not None else told.duration
        turns = told.turns_with_offsets(session.started_at, length)
        if _replace(transcript, turns):
            searching.index(session, spoken_too=True)
    transcript.next_fetch_at = _next_look(session, transcript)
    transcript.save()


def _replace(transcript: Transcript, told: tuple[types.Turn, ...]) -> bool:
    """Keep the turns as they are told now; whether anything changed."""
    turns = [_turn(transcript, number, turn) for number, turn in enumerate(told, 1)]
    for turn in turns:
        if turn.translation and not turn.translation_language:
            turn.translation_language = _other_language(transcript.languages, turn.language)
    known = list(transcript.turns.order_by("position"))
    if [_facts(turn) for turn in known] == [_facts(turn) for turn in turns]:
        return False
    transcript.turns.all().delete()
    Turn.objects.bulk_create(turns, batch_size=_TURNS_AT_ONCE)
    return True


def _turn(transcript: Transcript, number: int, turn: types.Turn) -> Turn:
    # Kallglot's own numbers may come twice; ours are those of the order it gives.
    return Turn(
        transcript=transcript,
        position=number,
        text=_storable(turn.text),
        translation=_storable(turn.translation),
        start=turn.start,
        end=turn.end,
        confidence=turn.confidence,
        **{
            name: _storable(getattr(turn, name))[: Turn._meta.get_field(name).max_length]
            for name in ("speaker", "language", "translation_language")
        },
    )


def _other_language(languages: list[str], spoken: str) -> str:
    """Of the two languages of a call the one that is not `spoken`; one generation leaves it out."""
    others = [language for language in languages if language != spoken]
    return others[0] if spoken and len(languages) == 2 and len(others) == 1 else ""


def _storable(text: str | None) -> str:
    return (text or "").replace("\x00", "")


def _facts(turn: Turn) -> tuple:
    return tuple(
        getattr(turn, field.attname) for field in Turn._meta.fields if not field.primary_key
    )


def _of(session: Session) -> Transcript | None:
    return Transcript.objects.filter(session=session).prefetch_related("turns").first()


def _next_look(session: Session, transcript: Transcript, *, failed: bool = False):
    """When to ask again; None: not by ourselves."""
    if transcript.complete and not failed:
        return None
    now = timezone.now()
    tries = _FEWEST_TRIES if failed else 1
    if now - _end_of(session) > _GIVE_UP_AFTER_END and transcript.attempts >= tries:
        return None
    delay = _DELAYS[min(max(transcript.attempts - 1, 0), len(_DELAYS) - 1)]
    return now + (schedule.scattered(delay) if failed else delay)


def _end_of(session: Session) -> datetime:
    return session.ended_at or session.sort_at


def _settle_failure(session: Session, error: errors.KallglotError) -> None:
    transcript = Transcript.objects.filter(session=session).first()
    if transcript is None:
        return
    if isinstance(error, schedule.RETRY_LATER):
        # This says nothing about the call, so it does not count as a try.
        wait = timedelta(seconds=schedule.wait_after(error))
        transcript.next_fetch_at = timezone.now() + max(wait, schedule.scattered(wait))
    else:
        transcript.attempts += 1
        transcript.last_error = error.reason
        transcript.next_fetch_at = _next_look(session, transcript, failed=True)
        if schedule.is_permanent(error):
            transcript.next_fetch_at = None
    transcript.save(update_fields=["attempts", "next_fetch_at", "last_error"])
