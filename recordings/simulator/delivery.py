"""Putting an answer on the wire as a healthy server would."""

from __future__ import annotations

from http import HTTPStatus

from recordings.simulator.messages import Answer
from recordings.simulator.wire import Wire

SMALL = 1 << 16


def head_bytes(answer: Answer, framing: list[tuple[str, str]]) -> bytes:
    """Status line and headers; `framing` says how long the body is."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in [*answer.headers, *framing]]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def deliver(wire: Wire, answer: Answer, *, with_body: bool = True) -> None:
    """Send the answer whole, with a right `Content-Length`."""
    source = answer.source()
    stop = source.size if answer.stop is None else answer.stop
    length = stop - answer.start
    framing = [] if answer.status == 304 else [("Content-Length", str(length))]
    head = head_bytes(answer, framing)
    wire.head(head)
    if with_body and length and answer.status != 304:
        wire.source(source, answer.start, stop)
