"""What the player asks for by itself: a call, where its listener is, and the calls beside it."""

import math

from django.db import DatabaseError
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from recordings import permissions
from recordings.models import Recording
from recordings.services import heard, room
from recordings.views import refusals
from recordings.views.came_from import CameFrom


@require_http_methods(["GET", "HEAD", "POST"])
def listening(request, session_id):
    """GET: the call as a player takes it. POST: the listener's second, channel, seconds heard."""
    session = refusals.session_or_404(request, session_id)
    permissions.require(request.user, permissions.LISTEN)
    if request.method == "POST":
        # The page may be older than the sign-in: what one has heard is no other's.
        if request.POST.get("person", str(request.user.pk)) != str(request.user.pk):
            return _text(401, "Somebody else has signed in.")
        return _keep(request, session)
    found = room.playable(session, request.user)
    if found is None:
        return _text(409, "There is no audio of this call that could be played.")
    return JsonResponse(found)


# A script asks, and could do nothing with a sign-in form.
listening.answers_without_pages = True


@require_safe
def neighbours(request, session_id):
    """The rooms of the calls before and after this one in the list that the address names."""
    session = refusals.session_or_404(request, session_id)
    found = CameFrom(request, session).neighbours
    rooms = [call and reverse("session", args=[call.kallglot_id]) for call in found]
    return JsonResponse(dict(zip(("previous", "next"), rooms, strict=True)))


neighbours.answers_without_pages = True


def _keep(request, session) -> HttpResponse:
    channel = request.POST.get("channel", "")
    try:
        second = float(request.POST.get("second", ""))
        ranges = heard.parse(request.POST.get("heard", ""))
    except ValueError:
        return _text(400, "That is no place in a call.")
    if not math.isfinite(second):
        return _text(400, "That is no place in a call.")
    if channel not in Recording.CHANNELS:
        if not room.has_voice(session, channel):
            return _text(400, "That is no place in a call.")
        # Only of the usual channels it is worth remembering which one was heard.
        channel = ""
    try:
        room.keep_place(session, request.user, second, channel, ranges)
    except DatabaseError:
        response = _text(503, "The place cannot be kept now.")
        response["Retry-After"] = "10"
        return response
    return HttpResponse(status=204)


def _text(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
