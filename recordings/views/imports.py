"""Imports: many ids looked up in the background, with what came of each."""

from datetime import datetime

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from recordings import permissions
from recordings.models import Import, ImportOutcome
from recordings.services import importing, trouble
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
    return render(request, "recordings/imports.html", {"page": page})


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


def _import(request, number) -> Import:
    """Its own person's, or anybody's for administrators; everybody else's does not exist."""
    permissions.require(request.user, permissions.OPEN)
    batch = Import.objects.select_related("user").filter(pk=number).first()
    mine = batch is not None and batch.user_id == request.user.pk
    if batch is None or not (mine or request.user.has_perm(permissions.ADMINISTER)):
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
        "done": total - waiting,
        "waiting": waiting,
        "pace": pace,
        "minutes_left": -(-waiting // pace),
        "newest": newest.isoformat() if newest else "",
    }


def _lines(request, items) -> list[dict]:
    return [
        {
            "item": item,
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
