"""A recording's bytes: rights, state, conditions and ranges, the trail, then the relay."""

import contextlib
import logging
import re

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from kallglot_portal.database import let_go
from kallglot_portal.middleware import client_address, close_after
from recordings import file_names, permissions
from recordings.audio.http_range import Decision, evaluate
from recordings.audio.source import LARGE_BLOCK, Source, WholeFile
from recordings.audio.store import StorageFailed
from recordings.kallglot import errors
from recordings.models import AuditAction, AuditOutcome, Recording, RecordingState
from recordings.services import accesses, audit, listening, trouble

from . import broken, refusals

log = logging.getLogger(__name__)

_CONDITIONS = ("Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
_SAY = {
    412: "The recording is not the one this request is meant for.\n",
    416: "The recording has no such bytes.\n",
}

_FROM_THE_START = re.compile(r"\s*bytes\s*=\s*0+-", re.I)

# Browsers ask for "everything from here on" and then leave the connection standing for the
# whole call. They get this much and ask on by themselves, so nothing is held for them.
OPEN_ENDED_CAP = 512 * 1024

_REFUSALS = {
    RecordingState.PROCESSING: (409, "Kallglot is still preparing this recording."),
    RecordingState.EXPIRED: (410, "This recording has expired and was deleted."),
    RecordingState.UNKNOWN: (409, "Kallglot does not call this recording ready."),
}

# Faults that are over by themselves; what is gone or not allowed ends a playback rightly.
_PASSING = (
    errors.Unavailable,
    errors.NotReady,
    errors.RateLimited,
    errors.Paused,
    errors.BadAnswer,
    StorageFailed,
)


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
    # Asked of the database before a file is open.
    stem = file_names.download_stem(recording) if action is AuditAction.DOWNLOAD else None
    let_go()
    if action is AuditAction.PLAY and listening.rests_after_cut(recording):
        response = broken.playback(request, recording.audio_length, OPEN_ENDED_CAP)
        if response:
            return response
    access = accesses.Request(request.user, recording, action, client_address(request))

    def look_up() -> None:
        access.look_up()
        let_go()

    try:
        source = listening.open_source(
            recording, for_player=action is AuditAction.PLAY, meanwhile=look_up
        )
    except listening.NotPlayable as error:
        _record(request, action, AuditOutcome.REFUSED, recording, error.state.value)
        return _refused(*_REFUSALS.get(error.state, (404, "")))
    except (errors.KallglotError, StorageFailed) as error:
        return _failed(request, recording, action, error)
    with contextlib.ExitStack() as at_the_end:
        at_the_end.callback(source.close)
        response = _from(source, request, recording, action, access)
        if stem and response.status_code < 400:
            name = f"{stem}.{source.extension}"
            response["Content-Disposition"] = file_names.content_disposition(name)
        let_go()
        if response.streaming:
            if action is AuditAction.PLAY:
                # A hint for later requests: no listener waits for it.
                at_the_end.callback(listening.note_length, recording, source.length)
            close_after(request, response, at_the_end.pop_all().close)
    return response


def _from(source: Source, request, recording, action, access) -> HttpResponse:
    """The answer, with its row in the trail. The source is the caller's to close, at its end."""
    cap = OPEN_ENDED_CAP if action is AuditAction.PLAY else None
    begins_again = _takes_new_form(source, request, recording, action)
    decision = evaluate(
        request.method,
        request.headers,
        etag=source.etag,
        length=source.length,
        open_ended_cap=cap,
    )
    if decision.send_body:
        plays = action is AuditAction.PLAY
        again = (plays and not begins_again) or decision.start > 0
        try:
            access.note(again=again)
        except Error:
            audit.log.exception("The trail lacks a row, so nothing is sent: %s", action)
            response = broken.playback(request, source.length, OPEN_ENDED_CAP) if plays else None
            return response or _refused(
                503, "The trail cannot be written, so nothing is played.", wait_s=10
            )
    return _response(request, recording, action, source, decision)


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


def _response(request, recording, action, source: Source, decision: Decision) -> HttpResponse:
    if not decision.send_body:
        response = HttpResponse(status=decision.status)
        if decision.status in (412, 416):
            sentence = _SAY[decision.status]
            response = HttpResponse(sentence, status=decision.status, content_type="text/plain")
            response["Cache-Control"] = "no-store"
            return _with(response, decision.headers)
    elif _is_nginxs_to_send(request, source, decision):
        response = HttpResponse(status=200)
        path = f"{listening.key(recording)}/audio"
        response["X-Accel-Redirect"] = settings.X_ACCEL_REDIRECT + path
        # nginx sets the length itself; ours would be that of the empty body.
        decision.headers.pop("Content-Length")
    else:
        blocks = _blocks(request, recording, action, source, decision)
        response = StreamingHttpResponse(blocks, status=decision.status)
        _offer_sendfile(response, source, decision)
    if decision.status == 304:
        del response["Content-Type"]
    else:
        response["Content-Type"] = source.mime
    response["Cache-Control"] = "private, no-store"
    return _with(response, decision.headers)


def _blocks(request, recording, action, source, decision):
    """The bytes; a fault breaks the connection, so that it never sounds like a call."""
    begun = False
    try:
        for block in source.blocks(decision.start, decision.stop):
            begun = True
            yield block
    except (errors.KallglotError, StorageFailed, EOFError) as error:
        log.warning("%s broke off: %s", recording.kallglot_id, error)
        listening.note_cut(recording)
        _record_cut(request, action, recording)
        let_go()
        if not begun:
            # The head must be out before the connection breaks, or the server would put an
            # error page in its place, which ends a playback for good.
            yield b""
        raise broken.break_off() from None


def _offer_sendfile(response, source, decision) -> None:
    """Let the server send a whole file's bytes from disk to socket by itself (WSGI file_wrapper).

    Everywhere else, the test client included, the response is read in blocks.
    """
    file = source.file_at(decision.start) if isinstance(source, WholeFile) else None
    if file is not None:
        response.file_to_stream, response.block_size = file, LARGE_BLOCK


def _is_nginxs_to_send(request, source: Source, decision: Decision) -> bool:
    """Whether nginx, where it is in front, may send the file: whole, and without conditions.

    nginx would judge the request's conditions once more, by its own lights.
    """
    return (
        bool(settings.X_ACCEL_REDIRECT)
        and decision.status == 200
        and isinstance(source, WholeFile)
        and source.file_at(0) is not None
        and not any(name in request.headers for name in _CONDITIONS)
    )


def _failed(request, recording, action, error) -> HttpResponse:
    """A fault before the head: a clean answer, unless that would end a playback under way."""
    if action is AuditAction.PLAY and isinstance(error, _PASSING):
        response = broken.playback(request, recording.audio_length, OPEN_ENDED_CAP)
        if response:
            return response
    if isinstance(error, StorageFailed):
        reason, refusal = "storage", _refused(503, "The portal cannot keep audio now.", wait_s=30)
    else:
        told = trouble.from_error(error, request.user, "recording")
        reason = error.reason
        wait_s = told.wait_s if told.status == 503 else None
        refusal = None if told.status == 404 else _refused(told.status, told.sentence, wait_s)
    _record(request, action, AuditOutcome.FAILED, recording, reason)
    if refusal is None:
        raise Http404
    return refusal


def _refused(status: int, sentence: str, wait_s: int | None = None) -> HttpResponse:
    if status == 404:
        raise Http404
    response = HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    if wait_s:
        response["Retry-After"] = str(wait_s)
    return response


def _record(request, action, outcome, recording, reason) -> None:
    """A row for what was refused or failed; where it cannot be written, the answer stays."""
    if request.method == "HEAD":
        return
    try:
        audit.record(request.user, action, outcome, recording, client_address(request), reason)
    except Error:
        audit.log.exception("The trail lacks a row: %s %s", action, outcome)


def _record_cut(request, action, recording) -> None:
    try:
        audit.record_cut(request.user, action, recording, client_address(request))
    except Error:
        audit.log.exception("The trail lacks a row: %s broke off", action)


def _with(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response
