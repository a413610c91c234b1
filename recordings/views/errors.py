"""The pages for 400, 403, 404, 405, 500 and 503: short, polite, without a word of the inside.

None of them reads the request's body: a body that cannot be parsed may be the error. The token for
their forms comes from the cookie alone.
"""

import sys

from django.db import OperationalError
from django.http import HttpResponse
from django.shortcuts import render

from kallglot_portal.database import replace_dead_connections
from kallglot_portal.passwords import Busy
from recordings.views import refusals

# Longer than any transaction of ours, shorter than a person's patience.
_DATABASE_BUSY_WAIT_S = 10


def _page(request, status: int, title: str, sentence: str) -> HttpResponse:
    # A refused Host header comes here before the middleware that knows htmx.
    if getattr(request, "htmx", False):
        # htmx shows a failure in its own line, where a whole page would not fit.
        return _text(status, sentence)
    return render(request, "error.html", {"title": title, "sentence": sentence}, status=status)


def _text(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


def bad_request(request, exception=None):
    return _page(
        request,
        400,
        "Not understood",
        "The portal could not understand this request, so nothing was done.",
    )


def forbidden(request, exception=None):
    refusals.record_page(request, exception)
    sentence = str(exception) or "Your role does not include this."
    return _page(request, 403, "Not allowed", sentence)


def not_found(request, exception=None):
    return _page(
        request,
        404,
        "Not found",
        "There is nothing at this address, or it is not for your eyes. "
        "A call can be opened by its id from the library.",
    )


def method_not_allowed(request):
    return _page(
        request,
        405,
        "Nothing to show here",
        "This address only takes what a page of the portal sends to it.",
    )


def server_error(request):
    error = sys.exception()
    # A table that is missing is our mistake; everything else of this kind passes.
    if isinstance(error, OperationalError) and not str(error).startswith("no such"):
        replace_dead_connections()
        sentence = "The portal's database is busy. Please try again in a moment."
        response = _page_or_text(request, 503, "One moment, please", sentence)
        response["Retry-After"] = str(_DATABASE_BUSY_WAIT_S)
        return response
    if isinstance(error, Busy):
        # An administrator sets a password while many users sign in.
        response = _page_or_text(request, 503, "One moment, please", "Please try again.")
        response["Retry-After"] = str(error.wait_s)
        return response
    return _page_or_text(
        request,
        500,
        "Something went wrong",
        "The portal made a mistake. It was written to its log; please try again.",
    )


def _page_or_text(request, status: int, title: str, sentence: str) -> HttpResponse:
    try:
        return _page(request, status, title, sentence)
    except Exception:
        # The page needs the database for the person's name, and that may be what is broken.
        return _text(status, sentence)


def csrf_failure(request, reason=""):
    return _page(
        request,
        403,
        "Please try again",
        "The page was open for too long or came from elsewhere, so nothing was changed. "
        "Go back, reload the page and send it again.",
    )
