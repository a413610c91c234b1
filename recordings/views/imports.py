"""Imports: many ids looked up in the background, with what came of each."""

from datetime import datetime

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from recordings import permissions
from recordings.models import AuditAction, Import, ImportItem, ImportOutcome, Session
from recordings.services import importing, trouble
from recordings.views import refusals
from recordings.views.polling import poll

LINES = 100
# Seconds between looks at an import under way, by how many in a row found nothing new.
_POLL_DELAYS_S = (2, 2, 3, 5, 10, 20, 30)


@require_safe
def imports(request):
    """One's own imports, newest first."""
    permissions.require(request.user, permissions.OPEN)
    mine = Import.objects.filter(user=request.user)
    page = Paginator(mine, LINES).get_page(request.GET.get("page"))
    others = _unfinished_of_others(request.user) if _may_stop_all(request.user) else []
    return render(request, "recordings/imports.html", {"page": page, "others": others})


@require_safe
def one(request, number):
    """How far it has got, and a line per id that is done, newest first."""
    batch = _import(request, number)
    finished = batch.items.exclude(finished_at=None).order_by("-finished_at", "-pk")
    page = Paginator(finished.select_related("session"), LINES).get_page(request.GET.get("page"))
    newest = finished.values_list("finished_at", flat=True).first()
    context = {**_standing(batch, newest), **poll(request, _POLL_DELAYS_S), "page": page}
    context["lines"] = _lines(request, page.object_list)
    return render(request, "recordings/import.html", context)


@require_safe
def progress(request, number):
    """What has changed since the page last asked: the counts, and lines newly done."""
    batch = _import(request, number)
    since = _moment(request.GET.get("since", ""))
    finished = batch.items.exclude(finished_at=None)
    if since:
        finished = finished.filter(finished_at__gt=since)
    fresh = list(finished.select_related("session").order_by("-finished_at", "-pk")[:LINES])
    newest = fresh[0].finished_at if fresh else since
    context = {
        **_standing(batch, newest),
        **poll(request, _POLL_DELAYS_S, news=bool(fresh)),
        "lines": _lines(request, fresh),
    }
    return render(request, "recordings/import.html#update", context)


@require_POST
def stop(request, number):
    """End the import; what is looked up stays."""
    importing.stop(_import(request, number))
    return redirect("import", number)


def _may_stop_all(user) -> bool:
    """Leads and administrators may see and stop the imports of every user."""
    return user.has_perm(permissions.EXPORT) or user.has_perm(permissions.ADMINISTER)


def _unfinished_of_others(user) -> list[Import]:
    waiting = ImportItem.objects.waiting().values("batch")
    unfinished = Import.objects.filter(pk__in=waiting).exclude(user=user)
    return list(unfinished.select_related("user")[:LINES])


def _import(request, number) -> Import:
    """The user's own, or any for leads and administrators; for others it does not exist."""
    permissions.require(request.user, permissions.OPEN)
    batch = Import.objects.select_related("user").filter(pk=number).first()
    mine = batch is not None and batch.user_id == request.user.pk
    if batch is None or not (mine or _may_stop_all(request.user)):
        refusals.record(request, AuditAction.PAGE, None, f"import {number}")
        raise Http404
    return batch


def _standing(batch, newest: datetime | None) -> dict:
    counts = batch.counts()
    total, waiting = sum(counts.values()), counts[ImportOutcome.WAITING]
    pace = importing.ids_a_minute()
    return {
        "batch": batch,
        "counts": counts,
        "total": total,
        "done": total - waiting - counts[ImportOutcome.STOPPED],
        "waiting": waiting,
        "pace": pace,
        "minutes_left": -(-waiting // pace),
        "newest": newest.isoformat() if newest else "",
    }


def _lines(request, items) -> list[dict]:
    items = list(items)
    numbers = [item.session_id for item in items if item.session_id]
    # Another team's call looks exactly like one that Kallglot does not know.
    visible = Session.objects.visible_to(request.user).in_bulk(numbers)
    return [
        {
            "item": item,
            "session": visible.get(item.session_id),
            "trouble": trouble.remembered(item.reason, request.user)
            if item.outcome == ImportOutcome.FAILED
            else None,
        }
        for item in items
    ]


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    # The first and last years cannot be shown in every time zone without an overflow.
    return moment if moment and moment.tzinfo and 1970 <= moment.year <= 9998 else None
