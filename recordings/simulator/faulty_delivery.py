"""Faults in the sending itself: short, slow, endless and contradictory bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from recordings.simulator.delivery import deliver, head_bytes
from recordings.simulator.faults import DELIVERIES, Fault
from recordings.simulator.messages import Answer, Request
from recordings.simulator.request_log import LoggedRequest
from recordings.simulator.spoil import SPOIL
from recordings.simulator.wire import Wire

if TYPE_CHECKING:
    from recordings.simulator.server import Simulator

FOR_EVER = 10**9
CHUNK = 1 << 16
TOGETHER = 1000


def deliver_faulty(
    wire: Wire,
    entry: LoggedRequest,
    request: Request,
    answer: Answer,
    faults: list[Fault],
    simulator: Simulator,
) -> bool:
    """Send the answer with the faults that struck it; true when the connection stays open.

    Spoilt content may be combined with one faulty delivery: a gzip body that stalls.
    """
    for fault in faults:
        if fault.kind in SPOIL:
            request_id = [item for item in answer.headers if item[0] == "X-Request-ID"]
            answer = SPOIL[fault.kind](answer, fault, request)
            if request_id:
                answer.with_header(*request_id[0])
    entry.status = answer.status
    with_body = request.method != "HEAD"
    for fault in faults:
        if fault.kind in DELIVERIES and with_body:
            return DELIVER[fault.kind](wire, answer, fault)
    deliver(wire, answer, with_body=with_body)
    return True


def _length(answer: Answer) -> list[tuple[str, str]]:
    return [("Content-Length", str(answer.length))]


def _after(answer: Answer, fault: Fault) -> int:
    """How many body bytes are sent before the fault shows."""
    return max(0, min(int(fault.get("after", answer.length // 2)), answer.length))


def _send(wire: Wire, answer: Answer, first: int, last: int) -> None:
    """Send the body's bytes from `first` up to `last`."""
    wire.source(answer.source(), answer.start + first, answer.start + last)


def _truncated(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.head(head_bytes(answer, _length(answer)))
    _send(wire, answer, 0, _after(answer, fault))
    return False


def _reset(wire: Wire, answer: Answer, fault: Fault) -> bool:
    if int(fault.get("after", 0)) >= 0:
        wire.head(head_bytes(answer, _length(answer)))
        _send(wire, answer, 0, _after(answer, fault))
        # An RST overtakes what is still on its way; let the client read it first.
        wire.wait(0.05)
    wire.reset()
    return False


def _stall(wire: Wire, answer: Answer, fault: Fault) -> bool:
    first = _after(answer, fault)
    wire.head(head_bytes(answer, _length(answer)))
    _send(wire, answer, 0, first)
    wire.wait(float(fault.get("seconds", FOR_EVER)))
    _send(wire, answer, first, answer.length)
    return True


def _trickle(wire: Wire, answer: Answer, fault: Fault) -> bool:
    first = max(0, min(int(fault.get("after", 0)), answer.length))
    wire.head(head_bytes(answer, _length(answer)))
    _send(wire, answer, 0, first)
    pause = 1 / float(fault.get("rate", 1))
    for position in range(first, answer.length):
        _send(wire, answer, position, position + 1)
        wire.wait(pause)
    return True


def _slow_head(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.wait(float(fault.get("seconds", 8)))
    deliver(wire, answer)
    return True


def _never_answer(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.wait(float(fault.get("seconds", FOR_EVER)))
    return False


def _hang_up(wire: Wire, answer: Answer, fault: Fault) -> bool:
    return False


def _no_length(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.head(head_bytes(answer, [("Connection", "close")]))
    _send(wire, answer, 0, answer.length)
    return False


def _chunks(wire: Wire, answer: Answer, last: int) -> None:
    for position in range(0, last, CHUNK):
        size = min(CHUNK, last - position)
        wire.head(b"%x\r\n" % size)
        _send(wire, answer, position, position + size)
        wire.head(b"\r\n")


def _chunked(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.head(head_bytes(answer, [("Transfer-Encoding", "chunked")]))
    _chunks(wire, answer, answer.length)
    wire.head(b"0\r\n\r\n")
    return True


def _cut_chunked(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.head(head_bytes(answer, [("Transfer-Encoding", "chunked")]))
    _chunks(wire, answer, _after(answer, fault))
    return False


def _too_many(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.head(head_bytes(answer, _length(answer)))
    last = max(0, answer.length - TOGETHER)
    _send(wire, answer, 0, last)
    # A client that has read all that was announced looks no further: the surplus must be there.
    end = answer.source().blocks(answer.start + last, answer.start + answer.length)
    wire.body(b"".join(map(bytes, end)) + b"\xff" * int(fault.get("extra", 1000)))
    return False


def _wrong_length(wire: Wire, answer: Answer, fault: Fault) -> bool:
    value = str(fault.get("value", "not-a-number"))
    wire.head(head_bytes(answer, [("Content-Length", value)]))
    _send(wire, answer, 0, answer.length)
    return False


def _double_length(wire: Wire, answer: Answer, fault: Fault) -> bool:
    other = ("Content-Length", str(answer.length + int(fault.get("extra", 1000))))
    wire.head(head_bytes(answer, [*_length(answer), other]))
    _send(wire, answer, 0, answer.length)
    return False


def _endless(wire: Wire, answer: Answer, fault: Fault) -> bool:
    wire.head(head_bytes(answer, [("Connection", "close")]))
    _send(wire, answer, 0, answer.length)
    _for_ever(wire, bytes(CHUNK))


def _endless_json(wire: Wire, answer: Answer, fault: Fault) -> bool:
    answer.with_header("Content-Type", "application/json")
    wire.head(head_bytes(answer, [("Connection", "close")]))
    item = b'{"id": "rec_endless", "object": "recording", "status": "ready"},'
    wire.body(b'{"object": "list", "data": [')
    _for_ever(wire, item * 1000)


def _for_ever(wire: Wire, block: bytes) -> NoReturn:
    """Until the client has had enough, which ends in an `OSError` or `Gone`."""
    while True:
        wire.body(block)


DELIVER: dict[str, Callable[[Wire, Answer, Fault], bool]] = {
    "truncated": _truncated,
    "reset": _reset,
    "stall": _stall,
    "trickle": _trickle,
    "slow_head": _slow_head,
    "never_answer": _never_answer,
    "hang_up": _hang_up,
    "no_length": _no_length,
    "chunked": _chunked,
    "cut_chunked": _cut_chunked,
    "too_many": _too_many,
    "wrong_length": _wrong_length,
    "double_length": _double_length,
    "endless": _endless,
    "endless_json": _endless_json,
}
