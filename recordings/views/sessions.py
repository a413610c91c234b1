"""One call: its facts and the table of its recordings, filtered by channel."""

import contextlib
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recordings import permissions
from recordings.models import Recording, RecordingState, Session, SessionState
from recordings.services import recheck, room, sync, transcripts
from recordings.services.trouble import Trouble, from_error, remembered
from recordings.views import refusals
from recordings.views.came_from import CameFrom, carried
from recordings.views.note_panel import Panel
from recordings.views.polling import look_again, poll

# What a page of a known call may lack.
_WHAT = "call's list of recordings"


@dataclass(frozen=True, slots=True)
class Tab:
    """One choice of the channel filter."""

    label: str
    url: str
    count: int
    current: bool


@require_safe
def session_page(request, session_id):
    session = refusals.session_or_404(request, session_id)
    template = "recordings/session.html"
    if wants_a_part(request) and request.htmx.target in ("listening", "measurements"):
        template += f"#{request.htmx.target}"
        return render(request, template, _looked_again(request, session))
    trouble = _refresh(request, session)
    return render(request, template, _context(request, session, trouble))


@require_safe
def recordings(request, session_id):
    """The recordings table: a fragment for htmx, the whole page for everybody else."""
    session = refusals.session_or_404(request, session_id)
    template = "recordings/session.html"
    if wants_a_part(request):
        template += "#recordings"
    # A tab that somebody chooses counts no looks.
    if wants_a_part(request) and "look" in request.GET:
        return render(request, template, _looked_again(request, session))
    trouble = _refresh(request, session)
    return render(request, template, _context(request, session, trouble))


@require_POST
def refresh(request, session_id):
    """Ask Kallglot now, whatever the age of what we know."""
    session = refusals.session_or_404(request, session_id)
    trouble = _refresh(request, session, at_once=True)
    with contextlib.suppress(DatabaseError):
        recheck.by_user(session)
    if request.htmx:
        context = _context(request, session, trouble)
        return render(request, "recordings/session.html#recordings", context)
    chosen, listed = _channel(request), carried(request)
    query = "&".join([listed] * bool(listed) + [f"channel={chosen}"] * bool(chosen))
    address = reverse("session", args=[session.kallglot_id])
    return redirect(f"{address}?{query}" if query else address)


@require_safe
def recording_row(request, recording_id):
    """One row of the table, which a row still processing asks for until it is ready."""
    recording = refusals.recording_or_404(request, recording_id)
    in_a_moment = look_again(recording.session)
    recording = Recording.objects.filter(pk=recording.pk).select_related("session").first()
    if recording is None:
        return HttpResponse(status=200)
    context = {
        "recording": recording,
        "PROCESSING": RecordingState.PROCESSING,
        **poll(request, in_a_moment=in_a_moment),
    }
    return render(request, "recordings/session.html#row", context)


def wants_a_part(request) -> bool:
    """Whether htmx asks for a fragment; a link it follows, or Back, gets the whole page."""
    return bool(
        request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    )


def page(request, session: Session, panel: Panel, status: int = 200) -> HttpResponse:
    """The call's whole page as it is known, with `panel` for its notes."""
    context = _context(request, session, None, panel)
    return render(request, "recordings/session.html", context, status=status)


def _refresh(request, session, *, at_once=False) -> Trouble | None:
    error = sync.refresh_if_due(session, at_once=at_once)
    if error:
        return from_error(error, request.user, _WHAT)
    return _known_trouble(request, session)


def _looked_again(request, session) -> dict:
    """The context of a part of the page that asks by itself."""
    in_a_moment = look_again(session)
    context = _context(request, session, _known_trouble(request, session))
    return context | poll(request, in_a_moment=in_a_moment)


def _known_trouble(request, session) -> Trouble | None:
    # Somebody else asked a moment ago, in vain.
    return remembered(session.last_error, request.user, _WHAT) if session.stale_since else None


def _channel(request) -> str:
    """The chosen channel, or "" for all of them."""
    chosen = request.GET.get("channel", "")
    return chosen if chosen in Recording.CHANNELS else ""


def _context(request, session, trouble, panel: Panel | None = None) -> dict:
    all_recordings = list(session.recordings.in_order())
    chosen = _channel(request)
    rows = [r for r in all_recordings if chosen in ("", r.channel)]
    listens = request.user.has_perm(permissions.LISTEN)
    came_from = CameFrom(request, session)
    panel = panel or Panel(request, session)
    return {
        "session": session,
        "trouble": trouble,
        # Asked for by the parts of the page that show them, not by the table.
        "came_from": came_from,
        "playable": lambda: (
            room.playable(session, request.user, all_recordings, panel.notes) if listens else None
        ),
        "panel": panel,
        "per_side": partial(room.per_side, session),
        "of_all": partial(room.of_all, session),
        "channel_check": partial(room.channel_check, session),
        "tabs": _tabs(session, all_recordings, chosen, came_from.parameter),
        "channel": chosen,
        "recordings": rows,
        "has_recordings": bool(all_recordings),
        # A row that is still processing looks after itself; for rows to come, the table does.
        "table_polls": sync.is_pending(session)
        and (session.state is not SessionState.ENDED or not all_recordings),
        "transcript": partial(transcripts.shown, session),
        "has_pending": any(r.state is RecordingState.PROCESSING for r in all_recordings),
        "PROCESSING": RecordingState.PROCESSING,
        **poll(request),
    }


def _tabs(session, all_recordings, chosen, listed) -> list[Tab]:
    address = reverse("recordings", args=[session.kallglot_id])
    carried = f"?{listed}" if listed else ""
    counts = dict.fromkeys(Recording.CHANNELS, 0)
    for recording in all_recordings:
        if recording.channel in counts:
            counts[recording.channel] += 1
    tabs = [Tab("All", f"{address}{carried}", len(all_recordings), chosen == "")]
    for channel, count in counts.items():
        url = f"{address}{carried}{'&' if carried else '?'}{urlencode({'channel': channel})}"
        tabs.append(Tab(channel.capitalize(), url, count, chosen == channel))
    return tabs
