"""A thousand slow listeners in one process: `python -m tests.bench.herd` with a plan on stdin.

Connections and heads go through epoll. After that every socket always has something to read, so
each is visited four times a second and as much is taken as its rate allows.
"""

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass

_RECEIVE_BUFFER = 16 * 1024
_VISITS_PER_S = 4
_GROUPS = 25  # visited one after the other, so that the load is even


@dataclass(slots=True)
class _Listener:
    connection: socket.socket
    began_at: float
    first_at: float = 0.0
    received: int = 0
    status: int = 0
    ended: bool = False


def main(plan: dict) -> dict:
    """plan: port, head, listeners, rate (bytes a second), seconds.

    The answer counts who was served: begun with 200 or 206, never cut, and at least 90 % of the
    rate from the first byte on.
    """
    began = time.monotonic()
    end = began + plan["seconds"]
    with selectors.EpollSelector() as selector:
        listeners = [_connect(plan, selector) for _ in range(plan["listeners"])]
        groups = [listeners[number::_GROUPS] for number in range(_GROUPS)]
        visit, turn = began, 0
        while (now := time.monotonic()) < end:
            if now >= visit:
                for listener in groups[turn % _GROUPS]:
                    _hear(listener, plan["rate"], now)
                turn += 1
                visit += 1 / _VISITS_PER_S / _GROUPS
            for key, events in selector.select(max(0.0, min(visit, end) - time.monotonic())):
                _go_on(key.data, events, plan["head"].encode(), selector)
        ended = time.monotonic()
        for listener in listeners:
            listener.connection.close()
    begun = [x for x in listeners if x.status in (200, 206)]
    return {
        "first_s": sorted(x.first_at - x.began_at for x in begun),
        "cut": sum(x.ended for x in begun),
        "served": sum(
            not x.ended and x.received >= 0.9 * plan["rate"] * (ended - x.first_at) for x in begun
        ),
    }


def _connect(plan: dict, selector: selectors.BaseSelector) -> _Listener:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    connection.setblocking(False)
    listener = _Listener(connection, time.monotonic())
    connection.connect_ex(("127.0.0.1", plan["port"]))
    selector.register(connection, selectors.EVENT_WRITE, listener)
    return listener


def _go_on(listener: _Listener, events: int, head: bytes, selector) -> None:
    """Send the request once connected; note when the answer begins."""
    try:
        if events & selectors.EVENT_WRITE:
            listener.connection.send(head)
            selector.modify(listener.connection, selectors.EVENT_READ, listener)
            return
        block = listener.connection.recv(2048)
    except OSError:
        block = b""
    selector.unregister(listener.connection)
    if not block:
        listener.ended = True
        return
    listener.first_at = time.monotonic()
    listener.status = int(block.split()[1])
    listener.received = len(block)


def _hear(listener: _Listener, rate: float, now: float) -> None:
    if not listener.first_at or listener.ended:
        return
    wanted = int((now - listener.first_at) * rate) - listener.received
    # Who was kept waiting takes up to a second's worth at once, as a player with a buffer does.
    wanted = min(wanted, int(rate))
    if wanted <= 0:
        return
    try:
        block = listener.connection.recv(wanted)
    except BlockingIOError:
        return
    except OSError:
        block = b""
    listener.ended = not block
    listener.received += len(block)


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
