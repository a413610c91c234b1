"""Kallglot's webhooks: stored at once, worked off later, and never taken as facts.

An event is a hint. What it hints at is asked from the API, so order, repeats and false payloads
of events do not matter.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recordings.kallglot import errors, types
from recordings.kallglot.parsing import timestamp
from recordings.models import Lease, Recording, Session, WebhookEvent

from . import schedule, transcripts, vendor, work_round
from .together import Together

log = logging.getLogger(__name__)

_KNOWN_TYPES = ("session.", "recording.", "transcript.", "analysis.")
# Told for every sentence while a call goes on. Transcripts are fetched after its end, and its
# beginning and end are told by events of their own.
_LIVE_TYPE = "transcript.segment"
# Of a call that is known these change nothing that the portal shows, and its end comes by another.
_CHANGES_NOTHING = ("session.created", "session.started", "session.provider.", "analysis.")
# A recording that was listed as ready this recently is the one that the event announces.
_LISTED_LATELY = timedelta(minutes=1)
_DEEPEST = 6
_LONGEST_ID = 100
# An event of which Kallglot cannot say to which call it belongs is given up after this time.
_GIVE_UP_AFTER = timedelta(hours=24)
# An event may come before the API knows what it tells of; for so long a 404 means "not yet".
_NOT_YET = timedelta(minutes=10)
# The first and the longest wait until Kallglot is asked about an event once more.
_ASKED_AGAIN_AFTER = (timedelta(seconds=15), timedelta(minutes=5))
_KEPT_FOR = timedelta(days=90)
_AT_ONCE = 500
_MOST = 10_000


class NotAnEvent(Exception):  # noqa: N818  (it says what is the case)
    """The body is signed, but it is not an event."""


def store(raw_body: bytes, headers) -> None:
    """Keep one verified delivery, unless its event is known already.

    Raises NotAnEvent, and `DatabaseError` when it cannot be kept: then the delivery must not
    be acknowledged.
    """
    try:
        body = raw_body.decode()
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnEvent from None
    if not isinstance(payload, dict):
        raise NotAnEvent
    session_ref, recording_ref = _refs(payload.get("data"))
    event = WebhookEvent(
        event_id=_event_id(payload.get("id")) or hashlib.sha256(raw_body).hexdigest(),
        type=_text(payload.get("type"), 60),
        session_ref=session_ref,
        recording_ref=recording_ref,
        delivery_id=_text(headers.get("Kallglot-Webhook-Id"), 100),
        body=body.replace("\x00", ""),
        happened_at=timestamp(payload.get("created_at")) or timezone.now(),
    )
    _coming.store(event)


def _store(events: list[WebhookEvent]) -> None:
    # One statement decides: of a hundred deliveries at once, one makes the row. In one order, or
    # two processes with the same events would each wait for the other's rows (PostgreSQL).
    events.sort(key=lambda event: event.event_id)
    WebhookEvent.objects.bulk_create(events, ignore_conflicts=True)


_coming = Together(_store)


class _Events(work_round.Round[WebhookEvent]):
    """Waiting events into calls that are due for a refresh.

    Only an event that names nothing but a recording we do not know costs a call to Kallglot. The
    others pass it while Kallglot cannot be asked, and it is asked about ever more seldom.
    """

    name = "events"

    def __init__(self) -> None:
        self.done = 0

    def prepare(self) -> None:
        """Settle those that cost no call, in a few statements."""
        self.done = 0
        resting = work_round.resting(self.name)
        waiting = list(WebhookEvent.objects.waiting().exclude(pk__in=resting).defer("body")[:_MOST])
        known = _calls_of_recordings(waiting)
        placed = [event for event in waiting if not _is_to_ask(event, known)]
        for start in range(0, len(placed), _AT_ONCE):
            some = placed[start : start + _AT_ONCE]
            try:
                with transaction.atomic():
                    _settle([_outcome(event, known) for event in some])
            except Exception:
                # One of them is the cause; they are settled one by one instead.
                log.exception("%s events could not be settled together", len(some))
            else:
                self.done += len(some)

    def next_item(self, resting: QuerySet) -> WebhookEvent | None:
        return WebhookEvent.objects.waiting().exclude(pk__in=resting).defer("body").first()

    def next_at(self, resting: QuerySet):
        later = WebhookEvent.objects.filter(handled_at=None, next_at__gt=timezone.now())
        return later.order_by("next_at").values_list("next_at", flat=True).first()

    def work(self, event: WebhookEvent, lease: Lease) -> None:
        known = _calls_of_recordings([event])
        try:
            outcome = _ask(event) if _is_to_ask(event, known) else _outcome(event, known)
        except schedule.RETRY_LATER:
            raise
        except errors.KallglotError as error:
            if _put_off(event):
                return
            log.warning("Event %s is given up: %s", event.event_id, error.reason)
            outcome = _Outcome(event, "given_up")
        _settle([outcome])
        self.done += 1

    def give_up(self, event: WebhookEvent) -> None:
        WebhookEvent.objects.filter(pk=event.pk).update(
            outcome=work_round.GIVEN_UP, handled_at=timezone.now()
        )


_ROUND = _Events()


def work_off() -> int:
    """Turn waiting events into calls that are due for a refresh; how many were worked off."""
    _ROUND.done = 0
    _ROUND.run()
    return _ROUND.done


def forget_old() -> int:
    """Delete handled events that nobody will ask about any more; how many."""
    long_ago = timezone.now() - _KEPT_FOR
    oldest = WebhookEvent.objects.order_by("pk").values_list("pk", "received_at", "handled_at")
    # They came in the order of their numbers, so the first thousand tell without an index.
    doomed = [
        number for number, received, handled in oldest[:1000] if handled and received < long_ago
    ]
    WebhookEvent.objects.filter(pk__in=doomed).delete()
    return len(doomed)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What comes of an event, and the id of the call that is to be refreshed, if any."""

    event: WebhookEvent
    word: str
    session_ref: str = ""


def _calls_of_recordings(events: list[WebhookEvent]) -> dict[str, str]:
    """The calls of those recordings in `events` that are known here, by the recordings' ids."""
    refs = {event.recording_ref for event in events if not event.session_ref}
    known = Recording.objects.filter(kallglot_id__in=refs - {""})
    return dict(known.values_list("kallglot_id", "session__kallglot_id"))


def _is_to_ask(event: WebhookEvent, known: dict[str, str]) -> bool:
    """Whether only Kallglot can tell to which call `event` belongs."""
    ours = event.type.startswith(_KNOWN_TYPES) and event.type != _LIVE_TYPE
    is_unknown = not event.session_ref and event.recording_ref not in known
    return ours and is_unknown and bool(event.recording_ref)


def _outcome(event: WebhookEvent, known: dict[str, str]) -> _Outcome:
    if not event.type.startswith(_KNOWN_TYPES):
        log.info("Event %s is of a type unknown here: %s", event.event_id, event.type)
        return _Outcome(event, "unknown_type")
    if event.type == _LIVE_TYPE:
        return _Outcome(event, "live")
    session_ref = event.session_ref or known.get(event.recording_ref, "")
    return _Outcome(event, "refresh" if session_ref else "nothing_named", session_ref)


def _ask(event: WebhookEvent) -> _Outcome:
    try:
        session_ref = vendor.client(background=True).recording(event.recording_ref).session_id
    except errors.Gone:
        session_ref = None
    except errors.NotFound:
        if timezone.now() - event.received_at < _NOT_YET:
            raise
        session_ref = None
    except errors.KallglotError as error:
        if not schedule.is_permanent(error):
            raise
        log.warning("Event %s is given up: %s", event.event_id, error.reason)
        return _Outcome(event, "given_up")
    return _outcome(event, {event.recording_ref: session_ref or ""})


def _put_off(event: WebhookEvent) -> bool:
    """Have Kallglot asked about `event` again, ever later; False when that is not worth it.

    The wait is as long as the event has waited already, so each try doubles it.
    """
    waited = timezone.now() - event.received_at
    if waited >= _GIVE_UP_AFTER:
        return False
    shortest, longest = _ASKED_AGAIN_AFTER
    wait = schedule.scattered(min(max(waited, shortest), longest))
    WebhookEvent.objects.filter(pk=event.pk).update(next_at=timezone.now() + wait)
    return True


def _settle(outcomes: list[_Outcome]) -> None:
    """Make the calls due and the events handled: a few statements, however many there are.

    Of a call that is known only what the events may have changed is asked for.
    """
    refs = {outcome.session_ref for outcome in outcomes if outcome.session_ref}
    told = {o.session_ref for o in outcomes if o.event.type.startswith("transcript.")}
    looked_up = Session.objects.filter(kallglot_id__in=refs).exclude(refreshed_at=None)
    known = set(looked_up.values_list("kallglot_id", flat=True))
    listed = _listed_lately(outcomes)
    changed = {
        outcome.session_ref
        for outcome in outcomes
        if outcome.session_ref not in known or _may_change_the_call(outcome.event, listed)
    }
    Session.objects.bulk_create(
        [Session(kallglot_id=session_ref) for session_ref in refs - known], ignore_conflicts=True
    )
    schedule.at_once(Session.objects.filter(kallglot_id__in=changed & refs))
    transcripts.at_once(Session.objects.filter(kallglot_id__in=told & refs))
    # Last, so that what breaks off before is done again.
    for word in {outcome.word for outcome in outcomes}:
        numbers = [outcome.event.pk for outcome in outcomes if outcome.word == word]
        handled = WebhookEvent.objects.filter(pk__in=numbers)
        handled.update(outcome=word, handled_at=timezone.now())


def _may_change_the_call(event: WebhookEvent, listed: set[tuple[str, str]]) -> bool:
    """Whether a refresh of a known call may find something new because of `event`."""
    if event.type.startswith((*_CHANGES_NOTHING, "transcript.")):
        return False
    return (event.type, event.recording_ref) not in listed


def _listed_lately(outcomes: list[_Outcome]) -> set[tuple[str, str]]:
    """What of `outcomes` the last refresh has shown already: types and recordings' ids."""
    refs = {o.event.recording_ref for o in outcomes if o.event.type.startswith("recording.")}
    lately = timezone.now() - _LISTED_LATELY
    found = Recording.objects.filter(kallglot_id__in=refs - {""}, refreshed_at__gt=lately)
    return {
        (f"recording.{status}", kallglot_id)
        for kallglot_id, status in found.values_list("kallglot_id", "status")
    }


def _refs(data: Any) -> tuple[str, str]:
    """The first session id and the first recording id in a payload, wherever they stand."""
    session_ref = recording_ref = ""
    for text in _texts(data):
        if not session_ref and types.SESSION_ID.fullmatch(text):
            session_ref = text
        elif not recording_ref and types.RECORDING_ID.fullmatch(text):
            recording_ref = text
    return session_ref, recording_ref


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth < _DEEPEST:
        # `session_id` before `id`: the id may be that of something else.
        for key in sorted(value, key=lambda key: key != "session_id"):
            yield from _texts(value[key], depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for item in value:
            yield from _texts(item, depth + 1)


def _event_id(value: Any) -> str:
    text = _text(value, _LONGEST_ID + 1)
    # Two long ids may begin alike; then the body tells them apart.
    return text if len(text) <= _LONGEST_ID else ""


def _text(value: Any, longest: int) -> str:
    """`value` as a column can hold it: no NUL and no half of a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode()[:longest]
