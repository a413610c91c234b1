"""The rows of the library's table, as HTML.

A page has fifty. Written by a template, which looks up each name and each dot of it again for
every row, they took longer than all the rest of the page.
"""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from .recordings import (
    NOTHING,
    boost,
    duration,
    in_words,
    in_zones,
    languages,
    percent,
    span_of_time,
    subtle,
    time_element,
)

register = template.Library()

_ROW = """
<tr id="call-{id}">
  {choose}<td class="play">{play}</td>
  <td data-label="Started"><a class="row-link" href="{address}" id="open-{id}" {boost}
    >{started}</a></td>
  <td data-label="Length" class="number">{length}</td>
  <td data-label="Languages">{languages}</td>
  <td data-label="Customer" class="clip">{caller}</td>
  {measured}<td data-label="Recordings"><span class="marks">{marks}</span></td>
  <td data-label="State"><span class="badge badge-{state}">{state_words}</span></td>
  <td data-label="Heard" class="number">{heard}</td>
  <td data-label="Expires">{expires}</td>
  <td data-label="Session" class="id"><code title="{id}">{id}</code>{poll}</td>
</tr>"""
_CHOOSE = """<td class="choose"><input type="checkbox" id="choose-{id}" hx-preserve
    name="session" value="{id}" form="bulk" aria-label="Choose the call {id}"></td>
  """
_PLAY = """<button type="button" class="button play-button needs-script" id="play-{id}"
    data-play="{id}" data-channel="{channel}" aria-label="Play the call {id}"
    aria-pressed="false"><span class="icon icon-play"></span></button><noscript
    ><a class="button play-button" href="{address}"
    aria-label="Play the {plays} recording of {id}"><span class="icon icon-play"></span></a
    ></noscript>"""
_MEASURED = """<td data-label="{label}" class="number">{value}</td>
  """
_MARK = """<span class="mark mark-{state}" title="{words}"
    ><span class="visually-hidden">{words}</span><span aria-hidden="true">{letter}</span></span>"""
_HEARD = '<span class="heard-share" title="You have heard {0} of this call">{0}</span>'
_EXPIRES = '<time datetime="{utc_iso}" title="{local}">{words}</time>'
_POLL = """<span id="poll-{id}" hidden hx-get="{address}"
    hx-trigger="load delay:{delay_s}s" hx-target="this" hx-swap="outerHTML"></span>"""

_NONE = subtle("none")

# Any id will do: only what stands around it in an address is wanted.
_SESSION, _RECORDING = "sess_0", "rec_0"


@register.simple_tag
def call_rows(rows) -> SafeString:
    """All of `rows` (`recordings.views.call_rows.Rows`)."""
    writer = _Writer(rows)
    return _joined(writer.row(row) for row in rows.listed)


@register.simple_tag
def next_look(rows) -> SafeString:
    """The part that asks for a row again, of the only one of `rows`; empty once it is settled."""
    (row,) = rows.listed
    return _Writer(rows).poll(row)


class _Writer:
    """Writes rows; what is the same in all of them is found out here."""

    def __init__(self, rows) -> None:
        self._rows = rows
        self._session = reverse("session", args=[_SESSION]).split(_SESSION)
        self._audio = reverse("audio", args=[_RECORDING]).split(_RECORDING)
        if rows.list_query:
            self._session[1] += f"?{rows.list_query}"

    def row(self, row) -> SafeString:
        session, name = row.session, row.session.kallglot_id
        state = session.call_state
        return format_html(
            _ROW,
            id=name,
            choose=format_html(_CHOOSE, id=name) if self._rows.may_choose else "",
            play=self._play(row) if self._rows.may_listen else "",
            address=name.join(self._session),
            boost=boost(),
            started=time_element(session.begun_at, "Not known"),
            length=duration(session.seconds),
            languages=languages(session),
            caller=session.caller or "–",
            measured=self._measured(session),
            marks=_marks(row.marks),
            state=state.value,
            state_words=state.label,
            heard=format_html(_HEARD, percent(row.heard)) if row.heard else NOTHING,
            expires=_expires(session, state),
            poll=self.poll(row),
        )

    def _play(self, row) -> SafeString:
        recording = row.plays(self._rows.channel)
        if recording is None:
            return ""
        return format_html(
            _PLAY,
            id=row.session.kallglot_id,
            channel=self._rows.channel,
            address=recording.kallglot_id.join(self._audio),
            plays=recording.channel,
        )

    def _measured(self, session) -> SafeString:
        return _joined(
            format_html(_MEASURED, label=measure.label, value=_value(measure, session))
            for measure in self._rows.columns
        )

    def poll(self, row) -> SafeString:
        if not row.is_watched:
            return ""
        rows, name = self._rows, row.session.kallglot_id
        query = {"look": rows.next_look, "seen": row.version}
        query["columns"] = ".".join(measure.name for measure in rows.columns)
        if rows.channel:
            query["channel"] = rows.channel
        address = f"{reverse('call-row', args=[name])}?{urlencode(query)}"
        if rows.list_query:
            address += f"&{rows.list_query}"
        return format_html(_POLL, id=name, address=address, delay_s=rows.poll_delay_s)


def _joined(parts: Iterable[SafeString]) -> SafeString:
    """Parts that are HTML already."""
    return mark_safe("".join(parts))  # noqa: S308


def _marks(marks) -> SafeString:
    """A letter for each recording's channel, in the colour of its state."""
    return _joined(_mark(mark.channel, mark.state) for mark in marks) or _NONE


# Nearly all of them are one of few.
@lru_cache(maxsize=64)
def _mark(channel: str, state) -> SafeString:
    words = f"{channel}: {state.label}"
    return format_html(_MARK, state=state.value, words=words, letter=channel[:1].upper())


def _value(measure, session) -> SafeString:
    value = measure.of(session)
    if value is None:
        return NOTHING
    return percent(value) if measure.is_share else span_of_time(value)


def _expires(session, state) -> SafeString:
    moment = session.expires_first
    if moment is None or state == "expired":
        return NOTHING
    return format_html(_EXPIRES, words=in_words(moment), **in_zones(moment))
