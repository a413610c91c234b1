"""How facts are written on a page: durations, sizes, distances in time, scripts."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from functools import lru_cache

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

register = template.Library()

_BOOST = 'hx-boost="true" hx-target="#main" hx-select="#main" hx-swap="outerHTML show:window:top"'
_TIME = '<time datetime="{utc_iso}" title="{utc} UTC">{local}</time>'
_LANGUAGES = (
    '<span class="languages"><span class="lang">{}</span><span aria-hidden="true">⇄</span>'
    '<span class="visually-hidden"> to </span><span class="lang">{}</span></span>'
)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_STEPS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def subtle(text: str) -> str:
    """What stands where there is nothing to tell."""
    return format_html('<span class="subtle">{}</span>', text)


NOTHING = subtle("–")


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as a clock shows them: 187.4 -> 3:07, 3725 -> 1:02:05, None -> an en dash."""
    if seconds is None:
        return "–"
    minutes, secs = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


@register.filter
def duration_iso(seconds: float | None) -> str:
    """Seconds in the form of HTML's `datetime` attribute: 187.4 -> PT187S."""
    return f"PT{round(seconds or 0)}S"


@register.filter
def file_size(size: int | None) -> str:
    """Bytes for people, in powers of ten: 1499200 -> 1.5 MB, None -> an en dash."""
    if size is None:
        return "–"
    if size < 1000:
        return f"{size} bytes"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"


@register.simple_tag
def time_element(moment: datetime | None, blank: str = "") -> str:
    """A moment in the viewer's zone, UTC on hover; `blank` or a dash where there is none."""
    if not moment:
        return subtle(blank) if blank else NOTHING
    return format_html(_TIME, **in_zones(moment))


@register.filter
def in_zones(moment: datetime | None) -> dict[str, str] | None:
    """A moment in UTC, for people and for machines (`_iso`), and in the viewer's zone.

    Django's own `date` does the same several times slower, which a table of fifty calls feels.
    """
    if not moment:
        return None
    utc = moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")
    local = timezone.localtime(moment)
    day = f"{local.day} {_MONTHS[local.month - 1]} {local.year:04}"
    return {
        "utc": utc,
        "utc_iso": f"{utc.replace(' ', 'T')}Z",
        "local": f"{day}, {local.hour:02}:{local.minute:02}",
    }


@register.filter
def in_words(moment) -> str:
    """A moment by its distance from now: "in 3 days", "2 hours ago", "just now"."""
    if moment is None:
        return "–"
    seconds = (moment - timezone.now()).total_seconds()
    for name, length in _STEPS:
        if abs(seconds) >= length:
            # Rounded down: "in 1 day" may still be 47 hours, but never less than a day.
            count = int(abs(seconds) // length)
            words = f"{count} {name}{'s' if count != 1 else ''}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "in less than a minute" if seconds > 0 else "just now"


@register.filter
def words(name: str) -> str:
    """A vendor's or integrator's key as words: assistive_translation -> Assistive translation."""
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


@register.filter
def pairs(metadata) -> list[tuple[str, str]]:
    """The names and values of a JSON object, as text.

    Not `metadata.items` in the template: that finds an entry of the name "items" first.
    """
    if not isinstance(metadata, dict):
        return []
    return [(name, _as_text(value)) for name, value in metadata.items()]


def _as_text(value) -> str:
    if isinstance(value, str):
        return value
    return "–" if value is None else json.dumps(value, ensure_ascii=False)


@register.filter
def languages(session) -> str:
    """The two languages of a call."""
    return _languages(session.source_language, session.target_language)


@register.filter
def language_tag(told: str) -> str:
    """A language as Kallglot tells it, if screen readers can make anything of it, else ""."""
    return told if _LANGUAGE_TAG.fullmatch(told) else ""


@register.simple_tag
def page_address(filters, number: str) -> str:
    """The library's query string for another page of the same calls."""
    return filters.address(page=number)


@register.simple_tag
def script(name: str) -> str:
    """A script element of our own with its checksum (Subresource Integrity)."""
    url = staticfiles_storage.url(name)
    # Fetched any other way, a checksum is none to `Integrity-Policy`.
    element = '<script src="{}" integrity="{}" crossorigin="anonymous" defer></script>'
    return format_html(element, url, _integrity(name, url))


@register.simple_tag
def module(name: str) -> str:
    """The same for a module, after one for each that it imports: an import names no checksum.

    See docs/decisions/0009.
    """
    return _module(name, staticfiles_storage.url(name))


@register.simple_tag
def boost() -> str:
    """Attributes of a link between pages: only `main` is exchanged, so the player plays on."""
    return mark_safe(_BOOST)  # noqa: S308  (a constant)


@register.filter
def percent(share: float | None) -> str:
    """A share as a whole percentage: 0.4 -> 40 %."""
    return "–" if share is None else f"{share:.0%}".replace("%", "\u202f%")


@register.filter
def span_of_time(seconds: float) -> str:
    """A length for a table of measurements: 7.25 -> 7.3 s, 187.4 -> 3:07."""
    return f"{seconds:.1f}\u202fs" if seconds < 60 else duration(seconds)


@register.filter
def at(values, index: int | str):
    """The value at a place of a tuple, or under a name."""
    return values[index]


@register.filter
def as_json(value) -> str:
    """A value for a data attribute that a script reads."""
    return json.dumps(value, ensure_ascii=False)


# A company speaks few.
@lru_cache(maxsize=64)
def _languages(source: str, target: str) -> str:
    if not (source or target):
        return NOTHING
    return format_html(_LANGUAGES, source or "auto", target or "auto")


# An address holds a digest of the file, so a changed file has another cache key.
@lru_cache(maxsize=32)
def _module(name: str, url: str) -> str:
    modules = (
        (staticfiles_storage.base_url + stored, _digest(stored))
        for stored in staticfiles_storage.modules_of(name)
    )
    # There are many, and what the page looks like is wanted first.
    element = '<script type="module" src="{}" integrity="{}" fetchpriority="low"></script>'
    return format_html_join("\n  ", element, modules)


@lru_cache(maxsize=32)
def _integrity(name: str, url: str) -> str:
    return _digest(staticfiles_storage.stored_name(name))


def _digest(stored: str) -> str:
    with staticfiles_storage.open(stored) as file:
        digest = hashlib.sha384(file.read()).digest()
    return "sha384-" + base64.b64encode(digest).decode()
