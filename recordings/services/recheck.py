"""What was given up because Kallglot refused it, asked for again when something has changed."""

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from recordings.kallglot import errors
from recordings.models import AudioPrefetch, Lanes, LanesState, Session, Transcript, WorkerState

from . import lanes, schedule, transcripts

_REFUSED = errors.NotAllowed.reason


def by_user(session: Session) -> None:
    """A user refreshes a call: ask again for its transcript and for its recordings' audio."""
    transcripts.ask_again(session)
    refused = Lanes.objects.filter(recording__session=session, state=LanesState.IMPOSSIBLE)
    # The next look at the waveform requests it again.
    refused.filter(reason__in=(lanes.NOT_ALLOWED, lanes.NOT_FETCHED)).delete()


def after_new_key() -> bool:
    """Ask again for all that the former API key might not read, if the key is another now."""
    # The key itself is kept nowhere; this tells only whether it is the same as before.
    digest = salted_hmac("recheck", settings.KALLGLOT_API_KEY, algorithm="sha256").hexdigest()
    state, _ = WorkerState.objects.get_or_create(
        pk=WorkerState.SINGLETON, defaults={"last_beat_at": timezone.now()}
    )
    if state.api_key_digest == digest:
        return False
    was_known = bool(state.api_key_digest)
    WorkerState.objects.filter(pk=state.pk).update(api_key_digest=digest)
    if was_known:
        now = timezone.now()
        schedule.at_once(Session.objects.filter(last_error=_REFUSED, next_refresh_at=None))
        refused = Transcript.objects.filter(last_error=_REFUSED, next_fetch_at=None)
        refused.update(next_fetch_at=now, attempts=0)
        AudioPrefetch.objects.filter(outcome=_REFUSED).delete()
        Lanes.objects.filter(state=LanesState.IMPOSSIBLE, reason=lanes.NOT_ALLOWED).delete()
    return was_known
