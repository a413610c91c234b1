"""The response that sends a recording's bytes: by blocks, by sendfile, or by nginx."""

import logging

from django.conf import settings
from django.db import Error
from django.http import HttpResponse, StreamingHttpResponse

from kallglot_portal.database import let_go
from kallglot_portal.middleware import client_address
from recordings.audio.http_range import Decision
from recordings.audio.source import LARGE_BLOCK, Source, WholeFile
from recordings.audio.store import StorageFailed
from recordings.kallglot import errors
from recordings.services import audit, listening

from . import broken

log = logging.getLogger("recordings.views.audio")

_CONDITIONS = ("Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
_SAY = {
    412: "The recording is not the one this request is meant for.\n",
    416: "The recording has no such bytes.\n",
}


def response(request, recording, action, source: Source, decision: Decision) -> HttpResponse:
    """The response that `decision` asks for. The audit trail must have its row before."""
    if not decision.send_body:
        answer = HttpResponse(status=decision.status)
        if decision.status in (412, 416):
            sentence = _SAY[decision.status]
            answer = HttpResponse(sentence, status=decision.status, content_type="text/plain")
            answer["Cache-Control"] = "no-store"
            return _with(answer, decision.headers)
    elif _is_nginxs_to_send(request, source, decision):
        answer = HttpResponse(status=200)
        path = f"{listening.key(recording)}/audio"
        answer["X-Accel-Redirect"] = settings.X_ACCEL_REDIRECT + path
        # nginx sets the length itself; ours would be that of the empty body.
        decision.headers.pop("Content-Length")
    else:
        blocks = _blocks(request, recording, action, source, decision)
        answer = StreamingHttpResponse(blocks, status=decision.status)
        _offer_sendfile(answer, source, decision)
    if decision.status == 304:
        del answer["Content-Type"]
    else:
        answer["Content-Type"] = source.mime
    answer["Cache-Control"] = "private, no-store"
    return _with(answer, decision.headers)


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


def _record_cut(request, action, recording) -> None:
    try:
        audit.record_cut(request.user, action, recording, client_address(request))
    except Error:
        audit.log.exception("The trail lacks a row: %s broke off", action)


def _with(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response
