"""What the player asks for by itself: the sound of a call, and where its listener is."""

import math

from django.db import DatabaseError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from recordings import permissions
from recordings.models import Recording, Session
from recordings.services import heard, room


@require_http_methods(["GET", "HEAD", "POST"])
def listening(request, session_id):
    """GET: the call as a player takes it. POST: the listener's second, channel, seconds heard."""
    visible = Session.objects.visible_to(request.user)
    session = get_object_or_404(visible, kallglot_id=session_id)
    permissions.require(request.user, permissions.LISTEN)
    if request.method == "POST":
        return _keep(request, session)
    found = room.playable(session, request.user)
    if found is None:
        return _text(409, "There is no audio of this call that could be played.")
    return JsonResponse(found)


# A script asks, and could do nothing with a sign-in form.
listening.answers_without_pages = True


def _keep(request, session) -> HttpResponse:
    channel = request.POST.get("channel", "")
    try:
        second = float(request.POST.get("second", ""))
        ranges = heard.parse(request.POST.get("heard", ""))
    except ValueError:
        return _text(400, "That is no place in a call.")
    if not math.isfinite(second) or channel not in Recording.CHANNELS:
        return _text(400, "That is no place in a call.")
    try:
        room.keep_place(session, request.user, second, channel, ranges)
    except DatabaseError:
        response = _text(503, "The place cannot be kept now.")
        response["Retry-After"] = "10"
        return response
    return HttpResponse(status=204)


def _text(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
