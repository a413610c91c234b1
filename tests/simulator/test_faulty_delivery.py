"""Faults in the sending, seen from a bare socket."""

import time

import pytest

from recordings.simulator import Fault, make_call, noise
from tests.simulator.raw_http import open_request, raw_get, receive

AUDIO = "/recordings/rec_known_mixed/audio"
WHOLE = b"".join(noise(10_000).blocks(0, 10_000))


def header(head, name):
    return [line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith(name)]


def dechunk(body):
    """The data of a chunked body, and whether the last chunk came."""
    data = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return data, True
        data, body = data + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return data, False


def test_truncated_ends_cleanly_before_the_announced_end(vendor):
    vendor.faults.add("truncated", after=4000)
    head, body = raw_get(vendor, AUDIO)
    assert header(head, "content-length") == ["10000"]
    assert body == WHOLE[:4000]


def test_reset_breaks_the_connection(vendor):
    vendor.faults.add("reset", after=4000)
    with open_request(vendor, AUDIO) as connection:
        _, body = receive(connection, enough=4000)
        assert body == WHOLE[:4000]
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_reset_may_come_before_the_head(vendor):
    vendor.faults.add("reset", after=-1)
    with open_request(vendor, AUDIO) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_stall_sends_no_more_until_the_client_leaves(vendor):
    vendor.faults.add("stall", after=3000)
    with open_request(vendor, AUDIO) as connection:
        _, body = receive(connection, enough=3000)
        assert body == WHOLE[:3000]
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert vendor.requests.wait_until(lambda log: log[0].done)
    assert vendor.requests[0].sent == 3000


def test_a_stall_may_end(vendor):
    vendor.faults.add("stall", after=3000, seconds=0.1)
    _, body = raw_get(vendor, AUDIO)
    assert body == WHOLE


def test_trickle_sends_byte_by_byte(vendor):
    vendor.add_call(make_call("sess_short", {"mixed": b"0123456789"}))
    vendor.faults.add("trickle", after=4, rate=50)
    begun = time.monotonic()
    _, body = raw_get(vendor, "/recordings/rec_short_mixed/audio")
    assert body == b"0123456789"
    assert time.monotonic() - begun >= 0.1


def test_a_slow_head_is_right_when_it_comes(vendor):
    vendor.faults.add("slow_head", seconds=0.15)
    begun = time.monotonic()
    _, body = raw_get(vendor, AUDIO)
    assert body == WHOLE
    assert time.monotonic() - begun >= 0.15


def test_never_answer_is_silent(vendor):
    vendor.faults.add("never_answer")
    with open_request(vendor, AUDIO, timeout=0.2) as connection, pytest.raises(TimeoutError):
        connection.recv(1)
    assert vendor.requests.wait_until(lambda log: log[0].done)


def test_hang_up_closes_without_a_word(vendor):
    vendor.faults.add("hang_up")
    assert raw_get(vendor, AUDIO) == ("", b"")


def test_no_length_ends_with_the_connection(vendor):
    vendor.faults.add("no_length")
    head, body = raw_get(vendor, AUDIO)
    assert header(head, "content-length") == header(head, "transfer-encoding") == []
    assert body == WHOLE


def test_chunked_is_whole(vendor):
    vendor.faults.add("chunked")
    head, body = raw_get(vendor, AUDIO)
    assert header(head, "content-length") == []
    assert dechunk(body) == (WHOLE, True)


def test_cut_chunked_lacks_the_last_chunk(vendor):
    vendor.faults.add("cut_chunked", after=6000)
    _, body = raw_get(vendor, AUDIO)
    assert dechunk(body) == (WHOLE[:6000], False)


def test_too_many_bytes(vendor):
    vendor.faults.add("too_many", extra=50)
    head, body = raw_get(vendor, AUDIO)
    assert header(head, "content-length") == ["10000"]
    assert body == WHOLE + b"\xff" * 50


@pytest.mark.parametrize("value", ["not-a-number", "-5", "9999", "10001"])
def test_wrong_length(vendor, value):
    vendor.faults.add("wrong_length", value=value)
    head, body = raw_get(vendor, AUDIO)
    assert header(head, "content-length") == [value]
    assert body == WHOLE


def test_double_length(vendor):
    vendor.faults.add("double_length")
    head, _ = raw_get(vendor, AUDIO)
    assert header(head, "content-length") == ["10000", "11000"]


@pytest.mark.parametrize(
    ("kind", "start"), [("endless", WHOLE), ("endless_json", b'{"object": "list"')]
)
def test_endless_goes_on_until_the_client_leaves(vendor, kind, start):
    vendor.faults.add(kind)
    with open_request(vendor, AUDIO) as connection:
        _, body = receive(connection, enough=2_000_000)
    assert body.startswith(start)
    assert vendor.requests.wait_until(lambda log: log[0].done)


def test_the_vendor_is_well_again_after_every_fault(vendor):
    for kind in ("truncated", "reset", "hang_up", "no_length", "cut_chunked", "double_length"):
        vendor.faults.set([Fault(kind, times=1)])
        with open_request(vendor, AUDIO) as connection:
            try:
                receive(connection)
            except ConnectionResetError:
                assert kind == "reset"
        _, body = raw_get(vendor, AUDIO)
        assert body == WHOLE


def test_closing_ends_stalled_connections_at_once(vendor):
    vendor.faults.add("never_answer")
    with open_request(vendor, AUDIO) as connection:
        assert vendor.requests.wait_until(lambda log: len(log) == 1)
        begun = time.monotonic()
        vendor.close()
        assert time.monotonic() - begun < 20
        assert vendor.open_connections == 0
        assert connection.recv(1) == b""
