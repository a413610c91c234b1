"""A call's transcript: the part of its page that waits for it, and the transcript as a file."""

from django.db import DatabaseError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from kallglot_portal.middleware import client_address
from recordings import file_names, permissions
from recordings.kallglot import errors
from recordings.models import AuditAction, AuditOutcome, Recording, WorkerState
from recordings.services import audit, transcript_files, transcripts
from recordings.services.transcript_files import Text
from recordings.services.trouble import from_error
from recordings.views import refusals
from recordings.views.polling import poll
from recordings.views.sessions import wants_a_part


@require_safe
def transcript(request, session_id):
    """The transcript alone, fetched first if it is due: a page, or a part of the call's page.

    The call's page itself never waits for Kallglot because of it.
    """
    session = refusals.session_or_404(request, session_id)
    a_part, look = wants_a_part(request), poll(request)
    # The first look belongs to the page that somebody opened. After that nobody clicks: the
    # worker looks after it, and where it is down, these looks are background work.
    by_itself = a_part and look["next_look"] > 1
    trouble = None
    try:
        if not by_itself or WorkerState.is_silent():
            transcripts.fetch_if_due(session, background=by_itself)
    except errors.KallglotError as error:
        trouble = from_error(error, request.user, "transcript")
    except DatabaseError:
        # Somebody holds the database's write lock: reading goes on with what is known.
        pass
    context = {
        "session": session,
        "transcript": transcripts.shown(session),
        "transcript_trouble": trouble,
        "look": look,
    }
    template = "recordings/_transcript.html" if a_part else "recordings/transcript.html"
    return render(request, template, context)


@csrf_exempt
@require_safe
def transcript_file(request, session_id, kind):
    """The transcript as a file; `?text=` is original, translation or both."""
    wanted = request.GET.get("text")
    text = Text(wanted) if wanted in Text.values else Text.BOTH
    reason = f"transcript {kind} {text.value}"
    session = refusals.session_or_404(request, session_id, AuditAction.EXPORT, reason)
    whole = Recording(session=session)
    refusals.require(request, permissions.DOWNLOAD, AuditAction.EXPORT, whole, reason)
    try:
        found = transcripts.with_turns(session)
        if found is None:
            raise Http404
        content = transcript_files.write(kind, session, found, text)
        if request.method == "GET":
            _record(request, session, AuditOutcome.DONE, reason)
    except DatabaseError:
        sentence = "The trail cannot be written, so nothing is handed out."
        response = HttpResponse(sentence, status=503, content_type="text/plain; charset=utf-8")
        response["Retry-After"] = "10"
        return response
    name = file_names.transcript_name(session, text.value, kind)
    return HttpResponse(
        content,
        content_type=transcript_files.KINDS[kind].content_type,
        headers={
            "Content-Disposition": file_names.content_disposition(name),
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


# A script or a link for a file could not do anything with a sign-in form.
transcript_file.answers_without_pages = True
transcript_file.refused_as = AuditAction.EXPORT


def _record(request, session, outcome, reason) -> None:
    # A row about the call as a whole names no recording.
    whole = Recording(session=session)
    address = client_address(request)
    audit.record(request.user, AuditAction.EXPORT, outcome, whole, address, reason)
