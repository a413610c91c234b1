"""Clients that wait, dawdle or leave their sockets open do not hold up others."""

import contextlib
import os
import re
import resource
import socket
from itertools import count
from pathlib import Path

import pytest

from .asking import ask, eventually, open_raw
from .portal import Portal

THREADS = 4
MANY = 40
ONE_ADDRESS = 50  # a quarter of the worker's connections
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
HEAD = "POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def portal(kallglot, tmp_path_factory, django_db_blocker, django_db_setup, static_files):
    """A portal with four threads, which waits three seconds for a request."""
    portal = Portal(
        tmp_path_factory.mktemp("waiting"),
        kallglot,
        django_db_blocker,
        WEB_THREADS=str(THREADS),
        TEST_REQUEST_S="3",
        GUNICORN_CMD_ARGS="--worker-connections 200",
    )
    portal.prepare()
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture
def sockets():
    """Opens sockets that are closed when the test ends."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def send(portal, text: str | bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", portal.port), timeout=20)
    connection.sendall(text if isinstance(text, bytes) else text.encode())
    return connection


def read_all(connection) -> bytes:
    blocks = []
    while block := connection.recv(2**16):
        blocks.append(block)
    return b"".join(blocks)


def serves(portal) -> bool:
    return ask(portal.port, "/accounts/login/", timeout=10).status == 200


def test_sockets_left_open_do_not_stop_the_worker_from_accepting(portal, sockets):
    for _ in range(20):
        connection = sockets(open_raw(portal.port, "/healthz", {"Connection": "close"}))
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
    assert serves(portal)


def test_a_response_is_whole_although_the_request_was_not_read(portal, sockets):
    length = 6 * 2**20
    kind = "Content-Type: multipart/form-data; boundary=x\r\n"
    connection = sockets(send(portal, f"{HEAD}{kind}Content-Length: {length}\r\n\r\n"))
    connection.sendall(bytes(length))
    answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"too large to be sent here.\n")


@pytest.mark.parametrize(
    "half",
    [
        "",
        "GET /hea",
        "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        HEAD + "Content-Length: 9000\r\n\r\nusername=",
        HEAD + FORM + "Content-Length: 900000\r\n\r\nusername=",
        HEAD + "Transfer-Encoding: chunked\r\n\r\n1",
        HEAD + "Content-Length: 9000\r\nExpect: 100-continue\r\n\r\n",
        "POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\nx",
    ],
)
def test_half_sent_requests_hold_no_thread(portal, sockets, half):
    for _ in range(MANY):
        sockets(send(portal, half))
    assert serves(portal)


def test_a_half_sent_head_is_given_up(portal, sockets):
    connection = sockets(send(portal, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"))
    assert read_all(connection).startswith(b"HTTP/1.1 408 ")
    assert read_all(sockets(send(portal, ""))) == b""


@pytest.mark.parametrize("length", [9000, 900_000])
def test_a_half_sent_body_is_given_up(portal, sockets, length):
    connection = sockets(send(portal, f"{HEAD}{FORM}Content-Length: {length}\r\n\r\nusername="))
    assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_a_head_in_single_bytes_is_understood(portal, sockets):
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    connection = sockets(send(portal, request[:1]))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in request[1:]:
        connection.sendall(bytes([byte]))
    assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_served_in_their_order(portal, sockets):
    one = "{} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    requests = [
        one.format("GET /healthz") + "\r\n",
        one.format("POST /healthz") + "Content-Length: 5\r\n\r\nabcde",
        one.format("GET /nowhere") + "Connection: close\r\n\r\n",
    ]
    answers = read_all(sockets(send(portal, "".join(requests))))
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answers) == [b"200", b"403", b"404"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET / HTTP/1.1\nHost: x\n\n", 400),
        ("GET / HTTP/1.1\r\nX: " + "a" * 100_000, 431),
        ("GET /" + "a" * 100_000, 414),
        ("GET / HTTP/1.1\r\n" + "X: a\r\n" * 200 + "\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Type: " + "a;" * 200 + "\r\n\r\n", 400),
        ("POST /webhooks/kallglot HTTP/1.1\r\nHost: 127.0.0.1\r\n"
         "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (HEAD + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 403),
    ],
)  # fmt: skip
def test_an_unreadable_request_is_refused_in_one_line(portal, sockets, request_, status):
    before = len(portal.log.splitlines())
    answer = read_all(sockets(send(portal, request_)))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nServer:" not in answer
    assert eventually(lambda: len(portal.log.splitlines()) > before)
    assert len(portal.log.splitlines()) == before + 1
    assert "Traceback" not in portal.log


def test_no_header_names_the_server_or_moves_the_portal(portal):
    answer = ask(portal.port, "/accounts/login/", headers={"SCRIPT_NAME": "/elsewhere"})
    assert answer.status == 200
    assert answer.headers["Server"] is None


def test_a_cookie_full_of_backslashes_is_ignored(portal):
    headers = portal.headers()
    headers["Cookie"] = 'x="' + "\\" * 5000 + '"; ' + headers["Cookie"]
    assert ask(portal.port, "/", headers=headers).status == 200


def test_the_oldest_half_sent_request_of_one_address_makes_room(portal, sockets):
    half = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    first, *_, last = [sockets(send(portal, half)) for _ in range(ONE_ADDRESS + 1)]
    assert read_all(first).startswith(b"HTTP/1.1 408 ")
    last.sendall(b"\r\n")
    assert read_all(last).startswith(b"HTTP/1.1 200 ")


def test_the_worker_outlives_a_want_of_descriptors(portal):
    worker = portal.worker
    limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    taken = {int(name) for name in os.listdir(f"/proc/{worker}/fd")}
    free = next(number for number in count() if number not in taken)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (free + 10, limits[1]))
    said = "No connection can be accepted for now"
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(MANY):
                stack.enter_context(send(portal, ""))
            assert eventually(lambda: said in portal.log)
    finally:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)
    assert serves(portal)
    assert portal.log.count(said) == 1
    assert Path(f"/proc/{worker}").exists()
