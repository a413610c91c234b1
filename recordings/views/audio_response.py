"""The response that sends a recording's bytes: by blocks, by sendfile, or by nginx."""

import logging
from functools import partial

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import Error
from django.http import HttpResponse, StreamingHttpResponse

from kallglot_portal.database import let_go
from kallglot_portal.middleware import client_address
from kallglot_portal.supply import Stream
from recordings.audio.http_range import Decision
from recordings.audio.source import BLOCK_BYTES, Source, WholeFile
from recordings.audio.store import StorageFailed
from recordings.kallglot import errors
from recordings.models import Recording
from recordings.services import audit, listening

from . import broken

log = logging.getLogger("recordings.views.audio")

# nginx would judge these by the file's date, or by a tag that it does not know yet.
_NOT_FOR_NGINX = ("If-Match", "If-Unmodified-Since")
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
        # nginx sets the length and the range itself; this body is empty.
        for name in ("Content-Length", "Content-Range"):
            decision.headers.pop(name, None)
    else:
        answer = _streamed(request, recording, action, source, decision)
    if decision.status == 304:
        del answer["Content-Type"]
    else:
        answer["Content-Type"] = source.mime
    answer["Cache-Control"] = "private, no-store"
    if source.unplayable:
        answer["X-Unplayable"] = source.unplayable
    return _with(answer, decision.headers)


def _streamed(request, recording, action, source, decision) -> StreamingHttpResponse:
    """The bytes; a fault breaks the connection, so that it never sounds like a call."""
    # Numbers only: request and rows would stay in memory as long as the client listens.
    cut = partial(_record_cut, request.user.pk, action, recording.pk, client_address(request))

    def blocks():
        begun = False
        try:
            for block in source.blocks(decision.start, decision.stop):
                begun = True
                yield block
        except (errors.KallglotError, StorageFailed, EOFError) as fault:
            cut(fault)
            if not begun:
                # The head must be out before the connection breaks, or the server would put an
                # error page in its place, which ends a playback for good.
                yield b""
            raise broken.break_off() from None

    read = blocks()
    answer = StreamingHttpResponse(read, status=decision.status)
    # The portal's own server sends the bytes without a thread.
    answer.block_size = BLOCK_BYTES
    answer.file_to_stream = Stream(source.supply(decision.start, decision.stop, cut), read)
    return answer


def _is_nginxs_to_send(request, source: Source, decision: Decision) -> bool:
    """Whether nginx, where it is in front, may send a whole file or one range of it.

    nginx applies the request's Range and If-Range to the same file and ETag once more, so only
    what it understands as we do is left to it.
    """
    if not settings.X_ACCEL_REDIRECT or request.method != "GET":
        return False
    if "Range" in request.headers and decision.status != 206:
        return False
    by_date = not request.headers.get("If-Range", '"').strip().endswith('"')
    if by_date or any(name in request.headers for name in _NOT_FOR_NGINX):
        return False
    return isinstance(source, WholeFile) and source.file_at(0) is not None


def _record_cut(user_pk, action, recording_pk, address, fault: Exception) -> None:
    log.warning("Recording %d broke off: %s", recording_pk, fault)
    listening.note_cut(recording_pk)
    try:
        user = get_user_model().objects.filter(pk=user_pk).first()
        recording = Recording.objects.filter(pk=recording_pk).first()
        if user and recording:
            audit.record_cut(user, action, recording, address)
    except Error:
        audit.log.exception("The trail lacks a row: %s broke off", action)
    let_go()


def _with(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response
