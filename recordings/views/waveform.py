"""A recording's peaks and speech, for the browser to draw: see audio/waveform.py for the form."""

import gzip

from django.db import DatabaseError
from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from recordings import permissions, tasks
from recordings.audio.waveform import VERSION
from recordings.models import (
    AuditAction,
    Lanes,
    LanesState,
    Recording,
    RecordingState,
)
from recordings.services import lanes
from recordings.views import refusals

_REFUSALS = {
    RecordingState.PROCESSING: (409, "Kallglot is still preparing this recording."),
    RecordingState.EXPIRED: (410, "This recording has expired and was deleted."),
}
_LOOK_AGAIN_S = 1


@csrf_exempt
@require_safe
def waveform(request, recording_id):
    """The waveform; 202 while it is being made, which asking for it begins."""
    recording = _recording(request, recording_id)
    if not recording.state.may_have_audio:
        if recording.state not in _REFUSALS:
            raise Http404
        status, sentence = _REFUSALS[recording.state]
        return _text(status, sentence)
    try:
        found, is_new = lanes.want(recording)
    except DatabaseError:
        # Somebody holds the database's write lock; the wish is made with the next look.
        return _being_made()
    if found.state == LanesState.READY:
        return _answer(request, found)
    if found.state == LanesState.IMPOSSIBLE:
        return _text(404, f"There is no waveform of this recording. {found.reason}")
    if is_new:
        tasks.soon(tasks.analyse_lanes, 0.0)
    else:
        tasks.soon(tasks.analyse_lanes)
    return _being_made()


# A script asks, and could do nothing with a sign-in form.
waveform.answers_without_pages = True
waveform.refused_as = AuditAction.PLAY


def _recording(request, recording_id) -> Recording:
    """The recording, under the same rights as its audio."""
    recording = refusals.recording_or_404(request, recording_id, AuditAction.PLAY)
    refusals.require(request, permissions.LISTEN, AuditAction.PLAY, recording)
    return recording


def _answer(request, found: Lanes) -> HttpResponse:
    content, coding = bytes(found.waveform), "gzip"
    if not _accepts_gzip(request.headers.get("Accept-Encoding", "")):
        content, coding = gzip.decompress(content), ""
    # A strong tag names bytes: those of one coding, one file, one form and one analysis.
    moment = f"{found.analysed_at.timestamp():.6f}"
    etag = f'"{found.key}-w{VERSION}-{moment}{coding and "-gz"}"'
    response = HttpResponse(content, content_type="application/octet-stream")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-store"
    if coding:
        response["Content-Encoding"] = coding
    patch_vary_headers(response, ["Accept-Encoding"])
    return get_conditional_response(request, etag=etag, response=response)


def _accepts_gzip(header: str) -> bool:
    for part in header.lower().split(","):
        coding, *parameters = (word.strip() for word in part.split(";"))
        if coding == "gzip":
            return not any(p.startswith("q=") and not p[2:].strip("0.") for p in parameters)
    return False


def _being_made() -> HttpResponse:
    response = _text(202, "The waveform is being made.")
    response["Retry-After"] = str(_LOOK_AGAIN_S)
    return response


def _text(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
