"""Which bytes a request asks for: preconditions and ranges of one representation.

Source: RFC 9110 sections 13 (conditional requests; their order is 13.2.2) and 14 (ranges). The
representation has a strong entity tag and no modification date, so the conditions on dates
(If-Modified-Since, If-Unmodified-Since) are ignored and a date in If-Range never matches.
Rights and expiry are the caller's, and come before: nothing here may turn a 404 into a 304.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_RANGE_CHARS = 8192
"""A longer Range header is ignored; no honest client comes near."""
_MAX_CONDITION_CHARS = 4096

_ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_LIST_GAP = re.compile(r"[ \t,]*")
_RANGE_SPEC = re.compile(r"([0-9]*)-([0-9]*)")
# Twenty digits are beyond any file; more are not handed to int(), which is slow for long numbers
# and refuses those over 4,300 digits.
_MOST_DIGITS = 19
_BEYOND_ANY_FILE = 10**_MOST_DIGITS


@dataclass(frozen=True, slots=True)
class Decision:
    """What to answer: `status` is 200, 206, 304, 412 or 416.

    `start` and `stop` (exclusive, in bytes) bound the body of a 200 or 206; `stop` is None where
    the length is not known: send until the end. For the other statuses both are 0.
    `headers` are all that depend on the range and the conditions; Content-Type, Cache-Control
    and Vary are the caller's, and the same on 200 and 206. A 412 or 416 may carry a short body
    of the caller's own, whose Content-Length is the caller's as well.
    `send_body` is False for HEAD, 304, 412 and 416: no audio byte goes out.
    """

    status: int
    start: int
    stop: int | None
    headers: dict[str, str]
    send_body: bool


def evaluate(
    method: str,
    headers: Mapping[str, str],
    *,
    etag: str,
    length: int | None,
    open_ended_cap: int | None = None,
) -> Decision:
    """Decide the answer to a request for a representation of `length` bytes.

    `headers` are the request's, their names in any case. `etag` is strong and in its quotes.
    `length` None means not yet known: ranges are then neither honoured nor announced.
    `open_ended_cap` is the most bytes that `bytes=N-` gets, as a 206 with the true total; ranges
    with an end and suffixes are always exact, since Safari rejects a shorter answer.
    Only GET has ranges (section 14.2): HEAD gets the head of the whole.
    Raises ValueError for a weak or unquoted `etag` or a negative `length`.
    """
    if not is_strong(etag):
        raise ValueError(f"not a strong entity tag in quotes: {etag!r}")
    if length is not None and length < 0:
        raise ValueError(f"a length below zero: {length}")
    asked = {name.lower(): value for name, value in headers.items()}
    reading = method in ("GET", "HEAD")

    if "if-match" in asked and not _any_match(asked["if-match"], etag, weak=False):
        return Decision(412, 0, 0, {"ETag": etag}, send_body=False)
    if "if-none-match" in asked and _any_match(asked["if-none-match"], etag, weak=True):
        return Decision(304 if reading else 412, 0, 0, {"ETag": etag}, send_body=False)

    send_body = method != "HEAD"
    if length is None:
        return Decision(200, 0, None, {"ETag": etag}, send_body)
    common = {"ETag": etag, "Accept-Ranges": "bytes"}
    whole = Decision(200, 0, length, {**common, "Content-Length": str(length)}, send_body)
    if method != "GET" or "range" not in asked:
        return whole
    if "if-range" in asked and asked["if-range"].strip(" \t") != etag:
        return whole

    part = select(asked["range"], length, open_ended_cap=open_ended_cap)
    if part is None:
        return whole
    if not part:
        refusal = {"Accept-Ranges": "bytes", "Content-Range": f"bytes */{length}"}
        return Decision(416, 0, 0, refusal, send_body=False)
    content = {
        "Content-Range": f"bytes {part.start}-{part.stop - 1}/{length}",
        "Content-Length": str(len(part)),
    }
    return Decision(206, part.start, part.stop, {**common, **content}, send_body)


def select(value: str, length: int, *, open_ended_cap: int | None = None) -> range | None:
    """The bytes a Range header names: None for the whole, an empty range for none that exist.

    Other units, empty sets, oversized headers and lists (`0-0,-1`) of which some part exists get
    the whole, which RFC 9110 section 14.2 always allows. What is malformed (`5-2`, `abc`) exists
    nowhere. Empty list elements and white space around the elements do not count.
    """
    if len(value) > MAX_RANGE_CHARS:
        return None
    unit, _, range_set = value.strip(" \t").partition("=")
    if unit.lower() != "bytes":
        return None
    specs = [spec for piece in range_set.split(",") if (spec := piece.strip(" \t"))]
    if not specs:
        return None
    if len(specs) == 1:
        return _resolve(specs[0], length, open_ended_cap)
    return None if any(_resolve(spec, length, None) for spec in specs) else range(0)


def _resolve(spec: str, length: int, open_ended_cap: int | None) -> range:
    """One int-range or suffix-range, clipped to the representation; empty if there is nothing."""
    found = _RANGE_SPEC.fullmatch(spec)
    if not found or spec == "-":
        return range(0)
    first, last = found.groups()
    if not first:
        return range(max(0, length - _position(last)), length)
    start, stop = _position(first), length
    if last:
        if _precedes(last, first):
            return range(0)
        stop = min(length, _position(last) + 1)
    elif open_ended_cap is not None:
        stop = min(length, start + open_ended_cap)
    return range(start, stop) if start < length else range(0)


def _position(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= _MOST_DIGITS else _BEYOND_ANY_FILE


def _precedes(one: str, other: str) -> bool:
    """Whether the number written `one` is below `other`, whatever their lengths."""
    one, other = one.lstrip("0"), other.lstrip("0")
    return (len(one), one) < (len(other), other)


def is_strong(etag: str) -> bool:
    """Whether `etag` is a strong entity tag in its quotes (RFC 9110 section 8.8.3)."""
    found = _ENTITY_TAG.fullmatch(etag)
    return bool(found) and found[1] is None


def _any_match(value: str, etag: str, *, weak: bool) -> bool:
    """Whether `*` or one tag of the list is ours (RFC 9110 section 8.8.3.2).

    The strong comparison takes no tag marked weak. A list that is not well formed, or longer than
    any client sends, has no match: then If-None-Match sends the bytes, and If-Match does nothing.
    """
    value = value.strip(" \t")
    if value == "*":
        return True
    if len(value) > _MAX_CONDITION_CHARS:
        return False
    matched = False
    position = _LIST_GAP.match(value).end()
    while position < len(value):
        found = _ENTITY_TAG.match(value, position)
        if not found:
            return False
        matched = matched or (found[2] == etag and (weak or not found[1]))
        gap = _LIST_GAP.match(value, found.end())
        position = gap.end()
        if position < len(value) and "," not in gap[0]:
            return False
    return matched
