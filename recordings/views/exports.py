"""Exports: many calls as a table at once, or as a ZIP that the worker makes meanwhile."""

import io

from django.db import DatabaseError
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from kallglot_portal.middleware import client_address, close_after
from kallglot_portal.supply import FilePart, Stream
from recordings import file_names, permissions, tasks
from recordings.audio.http_range import evaluate
from recordings.audio.source import BLOCK_BYTES
from recordings.filters import CallFilters
from recordings.kallglot import types
from recordings.models import (
    AuditAction,
    Export,
    ExportKind,
    ExportState,
    Recording,
    Session,
)
from recordings.services import calls_table, exporting
from recordings.services.transcript_files import Text
from recordings.views import refusals
from recordings.views.audio import answers_without_pages
from recordings.views.polling import poll

# Seconds between looks at a ZIP in the making, by how many in a row found nothing new.
_POLL_DELAYS_S = (1, 2, 3, 5, 10, 20, 30)
_LATELY = 50


class _NotUnderstood(Exception):  # noqa: N818  (it says what is the case)
    """What was asked for has a filter that is not understood."""


@require_http_methods(["GET", "HEAD", "POST"])
def exports(request):
    """One's own exports; posting asks for one."""
    action = AuditAction.EXPORT if request.method == "POST" else AuditAction.PAGE
    refusals.require(request, permissions.EXPORT, action)
    if request.method == "POST":
        return _create(request)
    mine = Export.objects.filter(user=request.user)[:_LATELY]
    return render(request, "recordings/exports.html", {"exports": mine})


@require_safe
def one(request, number):
    export = _export(request, number)
    return render(request, "recordings/export.html", _context(request, export))


@require_safe
def progress(request, number):
    export = _export(request, number)
    news = request.GET.get("seen") != str(export.done)
    context = _context(request, export, news=news)
    return render(request, "recordings/export.html#progress", context)


@answers_without_pages
@require_safe
def download(request, number):
    """The ZIP, with ranges, so that a download that broke off can be continued."""
    export = _export(request, number)
    if not exporting.may_be_sent(export):
        return _page(
            request,
            410,
            "Not there any more",
            "This ZIP was removed, is not ready, or holds something that is gone or not yours "
            "to see any more. Please make it again.",
        )
    try:
        file = exporting.open_zip(export)
    except FileNotFoundError:
        exporting.remove(export)
        raise Http404 from None
    etag = f'"export-{export.pk}-{export.size}"'
    decision = evaluate(request.method, request.headers, etag=etag, length=export.size)
    if not decision.send_body:
        file.close()
        response = HttpResponse(status=decision.status)
    else:
        try:
            exporting.note_download(
                export, request.user, client_address(request), again=decision.start > 0
            )
        except DatabaseError:
            file.close()
            return _page(request, 503, "One moment, please", "The trail cannot be written now.", 10)
        response = _stream(file, decision)
        close_after(request, response, file.close)
    response["Content-Type"] = "application/zip"
    name = file_names.zip_name(export)
    response["Content-Disposition"] = file_names.content_disposition(name)
    response["Cache-Control"] = "private, no-store"
    for header, value in decision.headers.items():
        response[header] = value
    return response


download.refused_as = AuditAction.DOWNLOAD


def _stream(file: io.BufferedReader, decision) -> StreamingHttpResponse:
    file.seek(decision.start)

    def blocks():
        left = decision.stop - decision.start
        while left:
            block = file.read(min(BLOCK_BYTES, left))
            if not block:
                # The connection breaks: half a ZIP must not look like a whole one.
                raise EOFError("the ZIP is shorter than it was")
            left -= len(block)
            yield block

    read = blocks()
    response = StreamingHttpResponse(read, status=decision.status)
    response.block_size = BLOCK_BYTES
    response.file_to_stream = Stream(FilePart(file, decision.start, decision.stop), read)
    return response


def _create(request) -> HttpResponse:
    kind = request.POST.get("kind", "")
    if kind not in ExportKind.values:
        return _page(request, 422, "Not understood", "An export is a table (CSV) or a ZIP.")
    try:
        sessions, choice = _chosen(request), {}
    except _NotUnderstood:
        sentence = "A filter of this list is not understood, so more might go out than meant."
        return _page(request, 422, "Not understood", sentence)
    if kind == ExportKind.ZIP:
        asked_for = request.POST.getlist("channel") or Recording.CHANNELS
        text = request.POST.get("transcripts", "")
        if text and text not in Text.values:
            sentence = f"Transcripts go in as {', '.join(Text.values)}, or not at all."
            return _page(request, 422, "Not understood", sentence)
        choice = {
            "channels": [channel for channel in Recording.CHANNELS if channel in asked_for],
            "transcript_text": text,
        }
    try:
        export = exporting.create(
            request.user, ExportKind(kind), sessions, client_address(request), **choice
        )
    except exporting.NothingChosen:
        sentence = "Choose at least one call first."
        return _page(request, 422, "Nothing chosen", sentence)
    except exporting.TooMany as error:
        sentence = f"Your role exports at most {error.most} calls at once; please choose fewer."
        return _page(request, 422, "Too many calls", sentence)
    except exporting.TooOften as error:
        sentence = (
            f"You have made {exporting.MOST_AN_HOUR} exports within an hour, which is the most one "
            f"may. The next is possible in {-(-error.wait_s // 60)} min."
        )
        return _page(request, 429, "Too many exports", sentence, error.wait_s)
    if kind == ExportKind.ZIP:
        tasks.soon(tasks.make_exports)
        return redirect("export", export.pk)
    return _table(export)


def _chosen(request):
    """The calls asked for: those with the ids given, or all that the library's filters match.

    Raises _NotUnderstood where a filter is not: the library says so and leaves it out, but no more
    must leave the portal than was meant.
    """
    if "query" in request.POST:
        filters = CallFilters(QueryDict(request.POST["query"].lstrip("?")), user=request.user)
        if filters.form.errors:
            raise _NotUnderstood
        return filters.calls
    ids = [id_ for id_ in request.POST.getlist("session") if types.SESSION_ID.fullmatch(id_)]
    return Session.objects.visible_to(request.user).filter(kallglot_id__in=ids).newest_first()


def _table(export: Export) -> StreamingHttpResponse:
    # The mark tells spreadsheets that this is UTF-8.
    lines = (line.encode() for line in calls_table.lines(export))
    response = StreamingHttpResponse(
        _after(b"\xef\xbb\xbf", lines), content_type="text/csv; charset=utf-8"
    )
    name = file_names.table_name(export)
    response["Content-Disposition"] = file_names.content_disposition(name)
    response["Cache-Control"] = "no-store"
    return response


def _after(first: bytes, rest):
    yield first
    yield from rest


def _export(request, number) -> Export:
    """One's own export; everybody else's does not exist."""
    permissions.require(request.user, permissions.EXPORT)
    export = Export.objects.filter(pk=number, user=request.user, kind=ExportKind.ZIP).first()
    if export is None:
        refusals.record(request, AuditAction.PAGE, None, f"export {number}")
        raise Http404
    return export


def _context(request, export: Export, *, news: bool = False) -> dict:
    unfinished = export.state in (ExportState.WAITING, ExportState.RUNNING)
    return {
        "export": export,
        "unfinished": unfinished,
        "downloadable": not unfinished and exporting.may_be_sent(export),
        **poll(request, _POLL_DELAYS_S, news=news),
    }


def _page(request, status: int, title: str, sentence: str, wait_s: int | None = None):
    if request.htmx:
        response = HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    else:
        context = {"title": title, "sentence": sentence}
        response = render(request, "error.html", context, status=status)
    if wait_s:
        response["Retry-After"] = str(wait_s)
    return response
