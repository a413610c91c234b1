"""Faults that change what is answered; how it is sent stays right."""

from __future__ import annotations

import gzip
import html
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from recordings.simulator import shapes
from recordings.simulator.faults import Fault
from recordings.simulator.messages import Answer, Request
from recordings.simulator.sources import Bytes, Generated

OPTIONAL_FIELDS = (
    *("channel", "duration", "format", "size", "created_at", "expires_at"),
    *("provider", "phone_number", "source_language", "target_language", "metadata"),
)


def _text(answer: Answer, content_type: str, text: str) -> Answer:
    answer.payload, answer.body, answer.start, answer.stop = None, Bytes(text.encode()), 0, None
    return answer.without_header("Content-Disposition").with_header("Content-Type", content_type)


def _all_of(answer: Answer) -> bytes:
    source = answer.source()
    stop = source.size if answer.stop is None else answer.stop
    return b"".join(source.blocks(answer.start, stop))


def _status(answer: Answer, fault: Fault, request: Request) -> Answer:
    status = int(fault.get("status", 500))
    wait = fault.get("retry_after")
    spoilt = Answer(status, [("Content-Type", "application/json")])
    seconds = int(wait) if str(wait).isdigit() else None
    spoilt.payload = shapes.error(status, "newer", request.request_id, seconds)
    if code := fault.get("code"):
        spoilt.payload["error"]["code"] = str(code)
    if wait is not None:
        # As given: an HTTP date is a valid value too.
        spoilt.with_header("Retry-After", str(wait))
    return spoilt


def _html_error(answer: Answer, fault: Fault, request: Request) -> Answer:
    key = html.escape(request.headers.get("authorization", ""))
    page = (
        "<!doctype html><html><head><title>Error</title><script>alert(document.domain)</script>"
        f"</head><body><h1>Upstream error</h1><pre>Authorization: {key}</pre></body></html>"
    )
    return _text(Answer(int(fault.get("status", 500))), "text/html; charset=utf-8", page)


def _empty(answer: Answer, fault: Fault, request: Request) -> Answer:
    answer.payload, answer.body, answer.start, answer.stop = None, Bytes(b""), 0, None
    return answer


def _wrong_type(answer: Answer, fault: Fault, request: Request) -> Answer:
    return answer.with_header("Content-Type", str(fault.get("type", "text/html")))


def _no_type(answer: Answer, fault: Fault, request: Request) -> Answer:
    return answer.without_header("Content-Type")


def _gzip(answer: Answer, fault: Fault, request: Request) -> Answer:
    answer.body = Bytes(gzip.compress(_all_of(answer), 1, mtime=0))
    answer.payload, answer.start, answer.stop = None, 0, None
    return answer.with_header("Content-Encoding", "gzip")


def _gzip_bomb(answer: Answer, fault: Fault, request: Request) -> Answer:
    size = int(fault.get("size", 200 << 20))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    packed = [packer.compress(zeros) for _ in range(size >> 20)]
    packed += [packer.compress(zeros[: size & 0xFFFFF]), packer.flush()]
    answer.payload, answer.body, answer.start, answer.stop = None, Bytes(b"".join(packed)), 0, None
    return answer.with_header("Content-Encoding", "gzip")


def _redirect(answer: Answer, fault: Fault, request: Request) -> Answer:
    location = str(fault.get("location", request.path))
    return Answer(int(fault.get("status", 302)), [("Location", location)])


def _range_ignored(answer: Answer, fault: Fault, request: Request) -> Answer:
    if answer.status == 206:
        answer.status, answer.start, answer.stop = 200, 0, None
        answer.without_header("Content-Range")
    return answer.with_header("Accept-Ranges", "bytes")


def _unasked_partial(answer: Answer, fault: Fault, request: Request) -> Answer:
    size = answer.source().size
    answer.start = min(int(fault.get("start", 0)), size)
    answer.stop = min(int(fault.get("stop", size // 2)), size)
    answer.status = 206
    return answer.with_header("Content-Range", f"bytes {answer.start}-{answer.stop - 1}/{size}")


def _wrong_bytes(answer: Answer, fault: Fault, request: Request) -> Answer:
    def make(start: int, stop: int) -> Iterator[bytes]:
        for position in range(start, stop, 1 << 16):
            yield b"?" * (min(position + (1 << 16), stop) - position)

    answer.body, answer.payload = Generated(answer.source().size, make), None
    return answer


def _invalid_json(answer: Answer, fault: Fault, request: Request) -> Answer:
    return _text(answer, "application/json", '{"object": "list", "data": [nonsense}')


def _html_metadata(answer: Answer, fault: Fault, request: Request) -> Answer:
    page = "<!doctype html><title>Maintenance</title><script>alert(1)</script><p>Back soon."
    answer.status = 200
    return _text(answer, "text/html; charset=utf-8", page)


def _cut_json(answer: Answer, fault: Fault, request: Request) -> Answer:
    text = json.dumps(answer.payload)
    return _text(answer, "application/json", text[: len(text) // 2])


def _items(answer: Answer) -> list[dict[str, Any]]:
    """The objects in a JSON answer: a list's items, or the object itself."""
    payload = answer.payload or {}
    return payload.get("data", [payload])


def _duplicates(answer: Answer, fault: Fault, request: Request) -> Answer:
    if answer.payload and "data" in answer.payload:
        answer.payload["data"] = [item for item in answer.payload["data"] for _ in (1, 2)]
    return answer


def _missing_fields(answer: Answer, fault: Fault, request: Request) -> Answer:
    names = fault.get("fields", OPTIONAL_FIELDS)
    for item in _items(answer):
        for name in names.split("+") if isinstance(names, str) else names:
            item.pop(name, None)
    return answer


def _no_id(answer: Answer, fault: Fault, request: Request) -> Answer:
    for item in _items(answer)[:1]:
        item.pop("id", None)
    return answer


def _unknown_status(answer: Answer, fault: Fault, request: Request) -> Answer:
    for item in _items(answer):
        if "status" in item:
            item["status"] = fault.get("status", "archived")
    return answer


def _repeating_cursor(answer: Answer, fault: Fault, request: Request) -> Answer:
    if answer.payload and "data" in answer.payload:
        answer.payload |= {"has_more": True, "url": request.path}
    return answer


Spoil = Callable[[Answer, Fault, Request], Answer]
SPOIL: dict[str, Spoil] = {
    "status": _status,
    "html_error": _html_error,
    "empty": _empty,
    "wrong_type": _wrong_type,
    "no_type": _no_type,
    "gzip": _gzip,
    "gzip_bomb": _gzip_bomb,
    "redirect": _redirect,
    "range_ignored": _range_ignored,
    "unasked_partial": _unasked_partial,
    "wrong_bytes": _wrong_bytes,
    "invalid_json": _invalid_json,
    "html_metadata": _html_metadata,
    "cut_json": _cut_json,
    "duplicates": _duplicates,
    "missing_fields": _missing_fields,
    "no_id": _no_id,
    "unknown_status": _unknown_status,
    "repeating_cursor": _repeating_cursor,
}
