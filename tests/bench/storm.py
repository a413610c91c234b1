"""A storm of signed webhooks in one process: `python -m tests.bench.storm` with a plan on stdin.

Every event has its moment, whatever became of those before, and its time counts from that
moment: who is slow is not asked less. Connections are kept alive, and one carries one event at a
time. What is not answered with 200 is delivered again at once, at most so often.
"""

import json
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from recordings.simulator.webhooks import event, sign

_MOST_ATTEMPTS = 3
_DRAIN_S = 30


@dataclass(slots=True)
class _Delivery:
    due_at: float
    request: bytes
    attempts: int = 0
    took_s: float = 0.0


@dataclass(slots=True)
class _Line:
    """One connection and what it carries."""

    connection: socket.socket
    delivery: _Delivery | None = None
    answer: bytearray = field(default_factory=bytearray)


def main(plan: dict) -> dict:
    """plan: port, secret, rate (events a second), seconds, lines, sessions (ids), storm (a number).

    Another storm is made of other events; repeats of known ones would cost no row.

    The answer counts the deliveries: acknowledged, given up, sent again, lines that broke.
    """
    count = int(plan["rate"] * plan["seconds"])
    requests = [_request(plan, number) for number in range(count)]
    began = time.monotonic() + 0.5
    storm = _Storm(plan["port"], plan["lines"])
    storm.coming.extend(
        _Delivery(began + number / plan["rate"], request) for number, request in enumerate(requests)
    )
    deadline = began + plan["seconds"] + _DRAIN_S
    while (storm.coming or storm.waiting or storm.under_way) and time.monotonic() < deadline:
        storm.go_on()
    storm.close()
    took = sorted(delivery.took_s for delivery in storm.done)
    return {
        "sent": count,
        "acknowledged": len(storm.done),
        "again": storm.again,
        "broken": storm.broken,
        "statuses": storm.statuses,
        "lasted_s": time.monotonic() - began,
        "took_s": took,
    }


class _Storm:
    def __init__(self, port: int, lines: int) -> None:
        self._address = ("127.0.0.1", port)
        self._selector = selectors.EpollSelector()
        self._free = deque(self._connect() for _ in range(lines))
        self.coming: deque[_Delivery] = deque()
        self.waiting: deque[_Delivery] = deque()
        self.done: list[_Delivery] = []
        self.statuses: dict[str, int] = {}
        self.under_way = self.again = self.broken = 0

    def go_on(self) -> None:
        now = time.monotonic()
        while self.coming and self.coming[0].due_at <= now:
            self.waiting.append(self.coming.popleft())
        while self.waiting and self._free:
            self._send(self._free.popleft(), self.waiting.popleft())
        next_at = self.coming[0].due_at if self.coming else now + 0.1
        for key, _ in self._selector.select(max(0.0, next_at - time.monotonic())):
            self._hear(key.data)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _connect(self) -> _Line:
        line = _Line(socket.create_connection(self._address, timeout=_DRAIN_S))
        line.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(line.connection, selectors.EVENT_READ, line)
        return line

    def _send(self, line: _Line, delivery: _Delivery) -> None:
        delivery.attempts += 1
        line.delivery, line.answer = delivery, bytearray()
        self.under_way += 1
        try:
            line.connection.sendall(delivery.request)
        except OSError:
            self._break(line)

    def _hear(self, line: _Line) -> None:
        try:
            block = line.connection.recv(4096)
        except OSError:
            block = b""
        if not block:
            self._break(line)
            return
        line.answer += block
        head, found, body = bytes(line.answer).partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        delivery, line.delivery = line.delivery, None
        self.under_way -= 1
        status = head.split()[1].decode()
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == "200":
            delivery.took_s = time.monotonic() - delivery.due_at
            self.done.append(delivery)
        else:
            self._again(delivery)
        if b"connection: close" in head.lower():
            self._replace(line)
        else:
            self._free.append(line)

    def _break(self, line: _Line) -> None:
        """The server hung up; an idle line may be hung up on any time."""
        if line.delivery is not None:
            self.under_way -= 1
            self.broken += 1
            self._again(line.delivery)
        elif line in self._free:
            self._free.remove(line)
        self._replace(line)

    def _replace(self, line: _Line) -> None:
        self._selector.unregister(line.connection)
        line.connection.close()
        self._free.append(self._connect())

    def _again(self, delivery: _Delivery) -> None:
        if delivery.attempts < _MOST_ATTEMPTS:
            self.again += 1
            self.waiting.append(delivery)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _request(plan: dict, number: int) -> bytes:
    """One delivery, signed now: the signature is good for five minutes."""
    sessions = plan["sessions"]
    session = sessions[number % len(sessions)]
    data = {"id": session, "object": "session", "status": "ended", "duration": number}
    data["metadata"] = {"storm": plan["storm"]}
    body = json.dumps(event("session.ended", data), separators=(",", ":")).encode()
    head = [
        "POST /webhooks/kallglot HTTP/1.1",
        f"Host: 127.0.0.1:{plan['port']}",
        "User-Agent: Kallglot-Webhooks/1.0",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Kallglot-Signature: {sign(plan['secret'], body, int(time.time()))}",
        f"Kallglot-Webhook-Id: wh_del_{number:012}",
        "Kallglot-Retry-Count: 0",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
