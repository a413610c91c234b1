"""Notes: the panel in the listening room, and a small view for each change."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from kallglot_portal.middleware import client_address
from recordings import permissions
from recordings.forms import EditNoteForm, NoteForm
from recordings.models import AuditAction, Note
from recordings.services import notes, room
from recordings.views import refusals, sessions
from recordings.views.note_panel import Panel


@require_http_methods(["GET", "HEAD", "POST"])
def of_call(request, session_id):
    """The panel: a fragment for htmx, the call's page for everybody else. Posting adds a note."""
    session = refusals.session_or_404(request, session_id)
    if request.method == "POST":
        return _add(request, session)
    return _panel(request, session, Panel(request, session))


@require_POST
def edit(request, number):
    note = _note(request, number)
    permissions.require(request.user, permissions.WRITE_NOTES)
    if not notes.may_edit(request.user, note):
        raise PermissionDenied("Only its author may edit a note.")
    form = EditNoteForm(request.POST, length=room.longest(note.session), note=note)
    if not form.is_valid():
        return _panel(request, note.session, Panel(request, note.session, form, note), 422)
    version = form.cleaned_data["version"]
    try:
        notes.edit(request.user, note, client_address(request), version=version, **form.said)
    except notes.Stale:
        note = _note(request, number)
        panel = Panel(request, note.session, form, note, is_stale=True)
        return _panel(request, note.session, panel, 409)
    return _done(request, note.session, note)


@require_POST
def delete(request, number):
    note = _note(request, number)
    if not notes.may_delete(request.user, note):
        permissions.require(request.user, permissions.WRITE_NOTES)
        raise PermissionDenied("Only its author and leads may delete a note.")
    notes.delete(request.user, note, client_address(request))
    return _done(request, note.session)


@require_POST
def resolve(request, number):
    """Field `resolved`: 1 settles the note, 0 opens it again."""
    note = _note(request, number)
    permissions.require(request.user, permissions.WRITE_NOTES)
    wanted = request.POST.get("resolved")
    if wanted not in ("0", "1"):
        return _panel(request, note.session, Panel(request, note.session), 422)
    notes.resolve(request.user, note, client_address(request), resolved=wanted == "1")
    return _done(request, note.session, note)


def _add(request, session) -> HttpResponse:
    permissions.require(request.user, permissions.WRITE_NOTES)
    form = NoteForm(request.POST, length=room.longest(session))
    if not form.is_valid():
        return _panel(request, session, Panel(request, session, form), 422)
    key = form.cleaned_data["key"]
    note = notes.add(request.user, session, client_address(request), key=key, **form.said)
    return _done(request, session, note)


def _note(request, number) -> Note:
    """A note that this person may see; every other one does not exist."""
    visible = Note.objects.visible_to(request.user).select_related("session")
    note = visible.filter(pk=number).first()
    if note is None:
        refusals.record(request, AuditAction.PAGE, None, f"note {number}")
        raise Http404
    return note


def _done(request, session, note: Note | None = None) -> HttpResponse:
    panel = Panel(request, session, meant=note)
    if request.htmx:
        return _panel(request, session, panel)
    address = reverse("session", args=[session.kallglot_id])
    return redirect(f"{address}{panel.query}#{f'note-{note.pk}' if note else 'notes'}")


def _panel(request, session, panel: Panel, status: int = 200) -> HttpResponse:
    if not sessions.wants_a_part(request):
        return sessions.page(request, session, panel, status)
    context = {"session": session, "panel": panel}
    return render(request, "recordings/_notes.html", context, status=status)
