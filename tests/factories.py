"""Rows made directly, for tests about what the portal already knows."""

from datetime import timedelta
from itertools import count

from django.utils import timezone

from recordings.models import Recording, Session

_numbers = count(1)


def make_session(kallglot_id=None, **facts) -> Session:
    """An ended call that was refreshed a moment ago, so that nobody asks Kallglot about it."""
    now = timezone.now()
    facts = {
        "status": "ended",
        "started_at": now - timedelta(hours=2),
        "ended_at": now - timedelta(hours=1),
        "refreshed_at": now,
        "refresh_begun_at": now,
        **facts,
    }
    session = Session.objects.create(
        kallglot_id=kallglot_id or f"sess_made{next(_numbers)}", **facts
    )
    session.summarise()
    return session


def make_recording(session, kallglot_id=None, **facts) -> Recording:
    """A ready recording of `session` that expires in a month."""
    now = timezone.now()
    facts = {
        "channel": "mixed",
        "status": "ready",
        "format": "mp3",
        "duration": 61.0,
        "size": 10_000,
        "created_at": now - timedelta(hours=1),
        "expires_at": now + timedelta(days=30),
        "refreshed_at": now,
        **facts,
    }
    kallglot_id = kallglot_id or f"rec_made{next(_numbers)}"
    recording = Recording.objects.create(kallglot_id=kallglot_id, session=session, **facts)
    session.summarise()
    return recording


def outdate(session, **age) -> None:
    """Let `session` look as if it was refreshed that long ago: `outdate(call, minutes=11)`."""
    then = timezone.now() - timedelta(**age)
    Session.objects.filter(pk=session.pk).update(refreshed_at=then, refresh_begun_at=then)
