"""Where Kallglot delivers its webhooks: verify, keep, acknowledge; the worker does the rest."""

import logging
import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from recordings import tasks
from recordings.kallglot import signatures
from recordings.services import events

log = logging.getLogger(__name__)

MOST_BYTES = 2**20


@csrf_exempt
@login_not_required
@require_POST
def kallglot(request):
    """Answer 200 only for what is safely stored; Kallglot tries anything else again."""
    length = request.META.get("CONTENT_LENGTH", "")
    if length.isdigit() and int(length[:20]) > MOST_BYTES:
        return _answer(413, "This body is too large.")
    try:
        body = _read(request)
    except (UnreadablePostError, OSError):
        return _answer(400, "The body broke off.")
    if len(body) > MOST_BYTES:
        return _answer(413, "This body is too large.")
    try:
        signatures.verify(
            body,
            request.headers.get("Kallglot-Signature"),
            settings.KALLGLOT_WEBHOOK_SECRETS,
            now=time.time(),
        )
        events.store(body, request.headers)
    except signatures.SignatureError as error:
        # One text for all of them: what was wrong is for our log only.
        log.warning("A webhook was refused: %s", error.reason)
        return _answer(400, "This delivery is not accepted.")
    except events.NotAnEvent:
        return _answer(400, "This delivery is not accepted.")
    except DatabaseError:
        log.exception("A webhook could not be stored")
        response = _answer(503, "Please deliver this again.")
        response["Retry-After"] = "20"
        return response
    tasks.soon(tasks.work_off_events)
    return _answer(200, "ok")


def _read(request) -> bytes:
    """The body as it came, or one byte more than is allowed of a longer one."""
    if request.META.get("CONTENT_LENGTH") or not request.META.get("wsgi.input_terminated"):
        return request.read(MOST_BYTES + 1)
    # In chunks, of a length told by nobody: Django would take it for an empty body.
    return request.META["wsgi.input"].read(MOST_BYTES + 1)


def _answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8")
