"""From a recording to its bytes: what may be fetched, under which name, and what is remembered."""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.core.cache import cache
from django.db import Error, connections
from django.utils import timezone

from kallglot_portal.database import little_patience
from recordings.audio.facts import Facts, read_facts
from recordings.audio.job import Job
from recordings.audio.relay import Relay
from recordings.audio.source import Source, WholeFile
from recordings.audio.store import StorageFailed, Store
from recordings.kallglot import AudioStream, errors
from recordings.models import Recording, RecordingState, VendorState

from . import vendor

log = logging.getLogger(__name__)

# Kallglot may announce a recording some moments before its audio is available.
FRESH_FOR = timedelta(minutes=5)
_NOT_READY_WAIT_S = 5.0
_NOT_BEFORE = "audio-not-before-{}"
NOT_FOUND_REMEMBERED = timedelta(seconds=60)
NOT_AUDIO = "vendor_not_audio"
_WARN_EVERY_S = 60
_REST_AFTER_CUT_S = 5.0
_MOST_CUTS = 1000


class NotPlayable(Exception):  # noqa: N818  (it says what is the case)
    """There is no audio to be had. `state` says why: see `RecordingState`."""

    def __init__(self, state: RecordingState) -> None:
        super().__init__(state.label)
        self.state = state


def relay() -> Relay:
    """This process's relay over the audio folder."""
    return _relay(settings.AUDIO_DIR, settings.AUDIO_MAX_BYTES)


def open_source(
    recording: Recording,
    *,
    for_player: bool,
    exact: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
    waiting: threading.Semaphore | None = None,
) -> Source:
    """The bytes of `recording`, fetched from Kallglot unless they are here; the caller closes it.

    exact: see `Relay.open`. meanwhile: called once while Kallglot is waited for, if it has to be.
    waiting: how many callers may block at once; see `Relay.open`, also for NotYet.
    Raises NotPlayable, `errors.KallglotError`, or StorageFailed when the audio folder is of no
    use.
    """
    with _noting_faults(recording):
        return relay().open(
            _job(recording),
            for_player=for_player,
            exact=exact,
            meanwhile=meanwhile,
            waiting=waiting,
        )


# When this process last saw the bytes of a recording break off, by its number.
_cuts: dict[int, float] = {}


def note_cut(pk: int) -> None:
    """Remember that the bytes of the recording with this number have just broken off."""
    if len(_cuts) >= _MOST_CUTS:
        _cuts.clear()
    _cuts[pk] = time.monotonic()


def rests_after_cut(recording: Recording) -> bool:
    """Whether to spare Kallglot a request: the last one broke off within the last seconds.

    A browser tries again about once a second. What is here, or on its way, costs no request.
    """
    if _cuts.get(recording.pk, -math.inf) < time.monotonic() - _REST_AFTER_CUT_S:
        return False
    if not recording.state.may_have_audio:
        return False
    store, name = relay().store, key(recording)
    return not store.entry(name).audio.exists() and not store.is_being_filled(name)


def fetch(recording: Recording) -> WholeFile:
    """The vendor's bytes as a whole file, for background work; the caller closes it.

    Blocks until it is here. Raises what `open_source` raises.
    """
    with _noting_faults(recording):
        whole = relay().fetch(_job(recording, background=True))
    note_file(recording, whole)
    return whole


def prefetch(recording: Recording) -> None:
    """Fetch the audio into the store unless it is there. Raises what `open_source` raises."""
    fetch(recording).close()


@contextlib.contextmanager
def _noting_faults(recording: Recording) -> Iterator[None]:
    """Asks first whether there is audio to be had, and remembers what Kallglot said of it."""
    state = recording.state
    if state is RecordingState.EXPIRED:
        forget(recording)
    if not state.may_have_audio:
        raise NotPlayable(state)
    if _lately(recording, errors.NotFound.reason):
        raise errors.NotFound(status=404)
    if _lately(recording, NOT_AUDIO):
        raise errors.BadAnswer(reason=NOT_AUDIO)
    _wait_until_ready(recording)
    try:
        yield
    except errors.NotReady as error:
        raise _not_yet(recording, error) from None
    except errors.HostNotListed as error:
        log.warning("Audio is redirected to %s; KALLGLOT_MEDIA_HOSTS lacks it", error.host)
        with _as_far_as_can_be_written(recording):
            VendorState.load().note_refused_host(error.host)
        raise
    except errors.Gone:
        with _as_far_as_can_be_written(recording):
            recording.mark_gone()
        forget(recording)
        raise
    except errors.NotFound as error:
        if _is_fresh(recording):
            raise _not_yet(recording, error) from None
        with _as_far_as_can_be_written(recording):
            recording.note_error(error.reason)
        raise
    except errors.BadAnswer as error:
        if error.reason == NOT_AUDIO:
            with _as_far_as_can_be_written(recording):
                recording.note_error(error.reason)
        raise
    except StorageFailed as error:
        _warn(error)
        raise


def note_length(recording: Recording, length: int | None) -> None:
    """Remember the true length in bytes, unless the database is locked: a later request may."""
    if length in (None, recording.audio_length):
        return
    with _as_far_as_can_be_written(recording):
        recording.note_audio_length(length)


def note_file(recording: Recording, source: Source) -> None:
    """Remember what a whole file says of itself, unless the database is locked."""
    if isinstance(source, WholeFile):
        _note_facts(recording, source.facts)
    else:
        look_at_file(recording)


def look_at_file(recording: Recording) -> None:
    """Learn what the file says of itself, if it is here and was not read since."""
    if recording.is_known or not recording.state.may_have_audio:
        return
    entry = relay().store.entry(key(recording))
    facts = read_facts(entry.facts)
    if facts and entry.audio.exists():
        _note_facts(recording, facts)


def _note_facts(recording: Recording, facts: Facts) -> None:
    if recording.is_known:
        return
    with _as_far_as_can_be_written(recording):
        recording.note_file(facts.duration_s, facts.extension, facts.unplayable)


@contextlib.contextmanager
def _as_far_as_can_be_written(recording: Recording) -> Iterator[None]:
    """For what the answer does without: whoever listens waits for nobody's lock because of it."""
    try:
        with little_patience():
            yield
    except Error as error:
        log.warning("%s: what came of it is not noted: %s", recording.kallglot_id, error)


def forget(recording: Recording) -> None:
    """Delete our copy of the audio, whatever revision it is.

    A folder that cannot be written keeps it for now; pruning tries again, and nobody gets it.
    """
    store = relay().store
    for name in store.all_keys():
        if name.startswith(f"{recording.pk}-"):
            try:
                store.discard(name)
            except StorageFailed as error:
                _warn(error)


def key(recording: Recording) -> str:
    """The store's key for the bytes of `recording`.

    Our own number, so that ids that differ by letter case only stay apart, and the version: if
    Kallglot makes the file again, the old copy is not mistaken for it.
    """
    return f"{recording.pk}-{recording.version}"


def _job(recording: Recording, *, background: bool = False) -> Job:
    recording_id, size = recording.kallglot_id, recording.size

    def fetch(start: int | None) -> AudioStream:
        # Runs on a thread of the fill: its database connection would otherwise stay open.
        try:
            client = vendor.client(background=background)
            return client.open_audio(recording_id, start=start, size_hint=size)
        finally:
            connections.close_all()

    return Job(key(recording), fetch, format=recording.format, size=size)


def _wait_until_ready(recording: Recording) -> None:
    """Raise `errors.NotReady` while the wait that Kallglot asked for lasts.

    Each process keeps that for itself: at worst each of them asks once.
    """
    wait_s = cache.get(_NOT_BEFORE.format(recording.pk), 0.0) - time.time()
    if wait_s > 0:
        raise errors.NotReady(retry_after=max(1.0, wait_s))


def _not_yet(recording: Recording, error: errors.KallglotError) -> errors.NotReady:
    """The error for audio that is still to come, which says when to ask again."""
    wait_s = error.retry_after or _NOT_READY_WAIT_S
    cache.set(_NOT_BEFORE.format(recording.pk), time.time() + wait_s, timeout=wait_s)
    return errors.NotReady(
        status=error.status, code=error.code, request_id=error.request_id, retry_after=wait_s
    )


def _is_fresh(recording: Recording) -> bool:
    """Whether its call ended, or its file was made, within the last minutes.

    Until then a 404 for audio that is announced as ready means "not yet", unless it was here once.
    """
    if recording.audio_length is not None:
        return False
    moments = [m for m in (recording.created_at, recording.session.ended_at) if m is not None]
    return timezone.now() - max(moments, default=recording.first_seen) < FRESH_FOR


def _lately(recording: Recording, reason: str) -> bool:
    """Whether Kallglot gave this answer a moment ago, so that it is spared the same request."""
    return (
        recording.last_error == reason
        and recording.last_error_at is not None
        and abs(timezone.now() - recording.last_error_at) < NOT_FOUND_REMEMBERED
    )


_last_warning = -float(_WARN_EVERY_S)


def _warn(error: StorageFailed) -> None:
    """Say in the log that the folder fails, once a minute at most."""
    global _last_warning
    if time.monotonic() - _last_warning >= _WARN_EVERY_S:
        _last_warning = time.monotonic()
        log.warning("The audio folder cannot be used: %s", error)


@lru_cache(maxsize=4)
def _relay(root, max_bytes: int) -> Relay:
    store = Store(root, max_bytes)
    store.sweep()
    return Relay(store)
