"""Webhooks sent to the real web server by the simulated Kallglot's own sender."""

import http.client
import json
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

import pytest

from recordings.models import Session, WebhookEvent
from recordings.simulator.webhooks import event, sign

from .house import SECRET

BIG = 2**20


def chunks(body: bytes, size: int = 65_536):
    for begin in range(0, len(body), size):
        yield body[begin : begin + size]


def stored(house) -> int:
    with house.database():
        return WebhookEvent.objects.count()


def header_of(body: bytes) -> dict[str, str]:
    return {"Kallglot-Signature": sign(SECRET, body, int(time.time()))}


def signed(body: bytes) -> dict[str, str]:
    """The same as keyword arguments."""
    return {"Kallglot_Signature": header_of(body)["Kallglot-Signature"]}


def body_of(size: int) -> bytes:
    """A signed event's body of exactly `size` bytes."""
    start, end = b'{"id":"evt_big","type":"session.ended","data":{"pad":"', b'"}}'
    return start + b"x" * (size - len(start) - len(end)) + end


def test_a_real_delivery_is_stored_and_acknowledged(house):
    assert house.deliver(event("session.ended", {"id": "sess_a", "object": "session"})) == [200]

    with house.database():
        kept = WebhookEvent.objects.get()
        assert (kept.type, kept.session_ref, kept.handled_at) == ("session.ended", "sess_a", None)


def test_a_hundred_deliveries_of_one_event_at_once_are_one_event(house):
    told = event("session.ended", {"id": "sess_a"})

    with ThreadPoolExecutor(25) as pool:
        statuses = [
            s
            for answer in pool.map(lambda _: house.deliver(told, copies=4), range(25))
            for s in answer
        ]

    assert statuses == [200] * 100
    assert stored(house) == 1


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
@pytest.mark.parametrize(("size", "status"), [(BIG, 200), (BIG + 1, 413), (8 * BIG, 413)])
def test_a_body_may_have_one_megabyte(size, status, chunked, house):
    body = body_of(size)
    told = chunks(body) if chunked else body
    try:
        answer = house.ask("POST", "/webhooks/kallglot", told, **signed(body))
    except (ConnectionResetError, BrokenPipeError):
        # The server answered and closed while we were still sending.
        assert status == 413
    else:
        assert answer[0] == status
    assert stored(house) == (status == 200)


def test_a_length_that_is_only_claimed_costs_no_memory_and_no_row(house):
    with socket.create_connection(("127.0.0.1", house.port), timeout=30) as line:
        line.sendall(
            b"POST /webhooks/kallglot HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Length: 9000000000\r\n\r\n" + b"x" * (BIG + 1)
        )
        assert b" 413 " in line.recv(1000).split(b"\r\n")[0]
    assert stored(house) == 0


def test_a_body_that_breaks_off_is_not_acknowledged(house):
    body = body_of(1000)
    with socket.create_connection(("127.0.0.1", house.port), timeout=30) as line:
        head = "POST /webhooks/kallglot HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        head += f"Kallglot-Signature: {signed(body)['Kallglot_Signature']}\r\n\r\n"
        line.sendall(head.encode() + body[:500])
        line.shutdown(socket.SHUT_WR)
        assert b" 400 " in line.recv(1000).split(b"\r\n")[0]
    assert stored(house) == 0


@pytest.mark.parametrize("size", [5_000, 65_536])
def test_a_big_header_is_refused(size, house):
    body = body_of(200)
    header = signed(body)["Kallglot_Signature"] + ",x=" + "y" * size
    assert house.ask("POST", "/webhooks/kallglot", body, Kallglot_Signature=header)[0] in (400, 431)
    assert stored(house) == 0


def test_a_locked_database_is_503_and_a_retry_is_stored(house):
    address = house.environment["DATABASE_URL"]
    if address.startswith("postgres"):
        pytest.skip("PostgreSQL has no lock of the whole database")
    # The portal waits 20 s for a lock; here less.
    house.start_web(DATABASE_URL=f"{address}?timeout=1")
    told = event("session.ended", {"id": "sess_a"})
    lock = sqlite3.connect(address.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        assert house.deliver(told) == [503]
        assert stored(house) == 0
    finally:
        lock.execute("ROLLBACK")
        lock.close()

    assert house.deliver(told, retries=True) == [200]
    assert stored(house) == 1
    house.start_web()


def test_a_storm_loses_nothing_and_is_answered_in_time(house):
    numbers, ends = count(), time.monotonic() + 3
    waits, lost = [], []

    def deliver(_):
        connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
        with closing(connection):
            while time.monotonic() < ends:
                number = next(numbers)
                told = {"id": f"evt_{number}", "type": "session.ended"}
                told["data"] = {"id": f"sess_{number % 50}"}
                body, began = json.dumps(told).encode(), time.monotonic()
                connection.request("POST", "/webhooks/kallglot", body, header_of(body))
                answer = connection.getresponse()
                answer.read()
                waits.append(time.monotonic() - began)
                if answer.status != 200:
                    lost.append(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(deliver, range(8)))

    assert lost == []
    assert stored(house) == len(waits) > 20
    assert sorted(waits)[int(len(waits) * 0.99)] < 10


def test_no_call_is_known_before_kallglot_was_asked(house):
    house.deliver(event("session.ended", {"id": "sess_a", "duration": 1e9}))

    with house.database():
        assert not Session.objects.exists()
    assert house.vendor.requests.count() == 0
