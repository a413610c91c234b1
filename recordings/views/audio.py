"""A recording's bytes: rights, state, conditions and ranges, the trail, then the relay."""

import contextlib
import re

from django.db import Error
from django.http import Http404, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from kallglot_portal import later
from kallglot_portal.database import let_go
from kallglot_portal.middleware import client_address, close_after
from recordings import file_names, permissions
from recordings.audio.growth import NotYet
from recordings.audio.http_range import Decision, evaluate
from recordings.audio.source import Source
from recordings.audio.store import StorageFailed
from recordings.kallglot import errors
from recordings.models import AuditAction, AuditOutcome, Recording, RecordingState
from recordings.services import accesses, audit, listening, trouble

from . import audio_response, broken, refusals

_FROM_THE_START = re.compile(r"\s*bytes\s*=\s*0+-", re.I)

# Browsers ask for "everything from here on" and then leave the connection standing for the
# whole call. They get this much and ask on by themselves, so nothing is held for them.
OPEN_ENDED_CAP = 512 * 1024

# What `evaluate` looks at. `request.headers` would first convert every header of the request.
_CONDITIONS = {
    f"HTTP_{name.upper().replace('-', '_')}": name
    for name in ("If-Match", "If-None-Match", "If-Range", "Range")
}

_REFUSALS = {
    RecordingState.PROCESSING: (409, "Kallglot is still preparing this recording."),
    RecordingState.EXPIRED: (410, "This recording has expired and was deleted."),
}

# Faults that are over by themselves; what is gone or not allowed ends a playback rightly.
_PASSING = (
    errors.Unavailable,
    errors.NotReady,
    errors.RateLimited,
    errors.Paused,
    errors.BadAnswer,
    StorageFailed,
    Error,
)
_FAULTS = (listening.NotPlayable, errors.KallglotError, StorageFailed, Error)


def answers_without_pages(view):
    """Without a sign-in this view answers 401: what asks could do nothing with a form."""
    view.answers_without_pages = True
    # Nothing is changed here, so a POST gets its 405 and not the page for a missing token.
    return csrf_exempt(view)


@answers_without_pages
@require_safe
def audio(request, recording_id):
    """The bytes for the player."""
    recording = _recording(request, recording_id, AuditAction.PLAY, permissions.LISTEN)
    return _answer(request, recording, AuditAction.PLAY)


@answers_without_pages
@require_safe
def download(request, recording_id):
    """The vendor's bytes as a file with a name that means something."""
    recording = _recording(request, recording_id, AuditAction.DOWNLOAD, permissions.DOWNLOAD)
    return _answer(request, recording, AuditAction.DOWNLOAD)


audio.refused_as = AuditAction.PLAY
download.refused_as = AuditAction.DOWNLOAD


def _recording(request, recording_id, action, permission) -> Recording:
    recording = refusals.recording_or_404(request, recording_id, action)
    refusals.require(request, permission, action, recording)
    return recording


def _answer(request, recording, action) -> HttpResponse:
    plays = action is AuditAction.PLAY
    # Asked of the database before a file is open.
    stem = None if plays else file_names.download_stem(recording)
    let_go()
    if plays and listening.rests_after_cut(recording):
        response = broken.playback(request, recording.audio_length, OPEN_ENDED_CAP)
        if response:
            return response
    access = accesses.Request(request.user, recording, action, client_address(request))

    def note_ahead() -> None:
        access.note_ahead(sends=_surely_sends(request))
        let_go()

    length = recording.audio_length
    with contextlib.ExitStack() as at_the_end:
        try:
            source = listening.open_source(
                recording,
                for_player=plays,
                # Set by the player's script where the browser plays MP3 inside MP4.
                exact=request.COOKIES.get("audio_form") == "mp4",
                meanwhile=note_ahead if plays else lambda: None,
                waiting=request.META.get(later.WAITING),
            )
            at_the_end.callback(source.close)
            length = source.length
            decision = _decide(source, request, recording, action, access)
        except NotYet as not_yet:
            return later.ask_again(request, not_yet.subscribe)
        except _FAULTS as fault:
            return _refusal(request, recording, action, access, fault, length)
        response = audio_response.response(request, recording, action, source, decision)
        if stem and response.status_code < 400:
            name = f"{stem}.{source.extension}"
            response["Content-Disposition"] = file_names.content_disposition(name)
        let_go()
        if response.streaming:
            if plays and not access.is_second:
                # A hint for later requests: no listener waits for it, and once is enough.
                at_the_end.callback(listening.note_length, recording, source.length)
            at_the_end.callback(listening.note_file, recording, source)
            close_after(request, response, at_the_end.pop_all().close)
    return response


def _surely_sends(request) -> bool:
    """Whether the request gets bytes whatever they are: no condition, no range that may lie beyond.

    Of a recording that turns out to be empty it gets none.
    """
    if request.method != "GET" or _CONDITIONS.keys() & request.META.keys() - {"HTTP_RANGE"}:
        return False
    return bool(_FROM_THE_START.match(request.META.get("HTTP_RANGE", "bytes=0-")))


def _decide(source: Source, request, recording, action, access) -> Decision:
    """What to send; where that is bytes, the audit trail has their row afterwards.

    Raises `django.db.Error` when the row cannot be written.
    """
    plays = action is AuditAction.PLAY
    begins_again = _takes_new_form(source, request, recording, action)
    decision = evaluate(
        request.method,
        {name: request.META[key] for key, name in _CONDITIONS.items() if key in request.META},
        etag=source.etag,
        length=source.length,
        open_ended_cap=OPEN_ENDED_CAP if plays else None,
    )
    if decision.send_body:
        access.note(again=(plays and not begins_again) or decision.start > 0)
    elif access.is_noted_ahead:
        access.record_failure(AuditOutcome.FAILED, "empty")
    return decision


def _takes_new_form(source: Source, request, recording, action) -> bool:
    """Settle the bytes for a player where they changed when all had arrived; whether it is now.

    A playback that began with the vendor's bytes goes on with them, or its length would change in
    mid-play. The next one, which asks from the first byte on, gets the player's form.
    """
    if source.form_since is None or request.method != "GET":
        return False
    if source.vendor_etag in request.headers.get("If-Range", ""):
        source.send_vendor_bytes()
        return False
    if not accesses.began_before(request.user, recording, action, source.form_since):
        return False
    if _FROM_THE_START.match(request.headers.get("Range", "bytes=0-")):
        return True
    source.send_vendor_bytes()
    return False


def _refusal(
    request, recording, action, access, fault: Exception, length: int | None
) -> HttpResponse:
    """The answer to a fault before the head: a clean one, unless that would end a playback.

    In mid-play a fault that passes breaks the connection, which the browser then tries again.
    length: that of the audio in bytes, None if it is not known.
    """
    if isinstance(fault, Error):
        audit.log.error("The trail lacks a row, so nothing is sent: %s", action, exc_info=fault)
    if action is AuditAction.PLAY and isinstance(fault, _PASSING):
        response = broken.playback(request, length, OPEN_ENDED_CAP)
        if response:
            return response
    wait_s = None
    if isinstance(fault, Error):
        if access.is_noted_ahead:
            _record(request, access, AuditOutcome.FAILED, "database")
        return _text(503, "The trail cannot be written, so nothing is played.", wait_s=10)
    if isinstance(fault, listening.NotPlayable):
        outcome, reason = AuditOutcome.REFUSED, fault.state.value
        status, sentence = _REFUSALS.get(fault.state, (404, ""))
    elif isinstance(fault, StorageFailed):
        outcome, reason = AuditOutcome.FAILED, "storage"
        status, sentence, wait_s = 503, "The portal cannot keep audio now.", 30
    else:
        outcome, reason = AuditOutcome.FAILED, fault.reason
        told = trouble.from_error(fault, request.user, "recording")
        status, sentence = told.status, told.sentence
        wait_s = told.wait_s if status == 503 else None
    _record(request, access, outcome, reason)
    if status == 404:
        raise Http404
    return _text(status, sentence, wait_s)


def _text(status: int, sentence: str, wait_s: int | None = None) -> HttpResponse:
    response = HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    if wait_s:
        response["Retry-After"] = str(wait_s)
    return response


def _record(request, access: accesses.Request, outcome: AuditOutcome, reason: str) -> None:
    """A row for what was refused or failed; where it cannot be written, the response stays."""
    if request.method == "HEAD":
        return
    try:
        access.record_failure(outcome, reason)
    except Error:
        audit.log.exception("The audit trail lacks a row: %s", outcome)
