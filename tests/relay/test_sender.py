"""Slow clients hold no thread: responses are completed by the sender, whole and in order."""

import contextlib
import re

import pytest

from recordings.models import AuditEvent, Recording
from recordings.services import listening
from recordings.simulator import noise

from .asking import Answer, ask, eventually, open_raw
from .held import Held
from .portal import Portal
from .test_waiting import read_all, send

N = 6 * 2**20
MANY = 30
SMALL_BUFFER = 8192


@pytest.fixture(scope="module")
def slow_portal(kallglot, tmp_path_factory, django_db_blocker, django_db_setup, static_files):
    """A portal with four threads, which gives up a client that takes nothing for three seconds."""
    portal = Portal(
        tmp_path_factory.mktemp("sender"),
        kallglot,
        django_db_blocker,
        WEB_THREADS="4",
        TEST_IDLE_S="3",
    )
    portal.prepare()
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture
def portal(slow_portal):
    slow_portal.reset()
    yield slow_portal
    slow_portal.reset()


@pytest.fixture
def sockets():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def listen(portal, sockets, path, **headers):
    """A client that has read the head and nothing more."""
    headers = portal.headers() | {"Connection": "close"} | headers
    connection = sockets(open_raw(portal.port, path, headers, buffer=SMALL_BUFFER))
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    assert re.match(rb"HTTP/1\.[01] 20[06] ", head)
    return connection


def serves(portal) -> bool:
    return ask(portal.port, "/accounts/login/", timeout=10).status == 200


def warm(portal, size=N):
    sound = portal.sound(noise(size))
    assert portal.ask(sound.download).body == sound.bytes
    assert eventually(lambda: sound.is_cached)
    return sound


def test_slow_listeners_of_a_whole_file_hold_no_thread(portal, sockets):
    sound = warm(portal)
    listeners = [listen(portal, sockets, sound.download) for _ in range(MANY)]
    assert serves(portal)
    for connection in listeners[:3]:
        assert read_all(connection) == sound.bytes


def test_listeners_of_a_growing_file_hold_no_thread(portal, sockets):
    at = 1_000_000
    held = Held(noise(N), at)
    sound = portal.sound(held)
    held.hold()
    listeners = [listen(portal, sockets, sound.download) for _ in range(MANY)]
    taken = [connection.recv(100) for connection in listeners]
    assert serves(portal)
    held.let_go()
    for begun, connection in zip(taken, listeners, strict=True):
        assert begun + read_all(connection) == sound.bytes
    assert portal.vendor_gets(sound) == 1


@pytest.mark.parametrize("format", ["mp3", "wav"])
def test_listeners_who_wait_for_the_vendor_leave_threads_to_others(portal, sockets, format):
    held = Held(noise(N), 0)
    sound = portal.sound(held, format=format)
    held.hold()
    headers = portal.headers() | {"Connection": "close"}
    listeners = [sockets(open_raw(portal.port, sound.audio, headers)) for _ in range(MANY)]
    assert serves(portal)
    held.let_go()
    for connection in listeners:
        head, body = read_all(connection).split(b"\r\n\r\n", 1)
        # A slow machine may have taken longer than the portal waits for Kallglot.
        assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 504 "))
        assert body == sound.bytes or b" 504 " in head


def test_a_broken_fill_breaks_all_its_listeners(portal, sockets):
    at = 1_000_000
    held = Held(noise(N), at)
    sound = portal.sound(held)
    portal.vendor.faults.add("truncated", f"/recordings/{sound.id}/audio", after=at + 50_000)
    held.hold()
    listeners = [listen(portal, sockets, sound.download) for _ in range(MANY)]
    assert serves(portal)
    held.let_go()
    for connection in listeners:
        body = read_all(connection)
        assert len(body) <= at + 50_000
        assert sound.bytes.startswith(body)
    with portal.database():
        rows = AuditEvent.objects.filter(recording_id_text=sound.id)
        assert rows.filter(outcome="incomplete").count() == 1
    assert eventually(lambda: not portal.left_overs(sound)), portal.left_overs(sound)


def test_listeners_go_on_when_the_process_that_fills_dies(portal, sockets, nursery):
    held = Held(noise(N), 1_000_000)
    sound = portal.sound(held)
    with portal.database():
        key = listening.key(Recording.objects.get(pk=sound.pk))
    held.hold()
    child = nursery.fill(portal.vendor, portal.audio_dir, key, sound.id)
    assert eventually(lambda: portal.vendor_gets(sound) == 1)
    listeners = [listen(portal, sockets, sound.download) for _ in range(5)]
    child.kill()
    assert serves(portal)
    held.let_go()
    for connection in listeners:
        assert read_all(connection) == sound.bytes
    assert portal.vendor_gets(sound) == 2


def test_a_connection_is_used_again_after_a_slow_response(portal, sockets):
    sound = warm(portal)
    one = f"GET {sound.download} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {{}}\r\n{{}}\r\n"
    cookie = portal.headers()["Cookie"]
    requests = one.format(cookie, "") + one.format(cookie, "Range: bytes=5-9\r\n")
    requests += one.format(cookie, "Range: bytes=-3\r\nConnection: close\r\n")
    parts = read_all(sockets(send(portal, requests))).split(b"\r\n\r\n", 1)[1]
    assert parts[:N] == sound.bytes
    second, third = [part.split(b"\r\n\r\n")[1] for part in parts[N:].split(b"HTTP/1.1 206 ")[1:]]
    assert (second, third) == (sound.bytes[5:10], sound.bytes[-3:])


def test_http_1_0_gets_the_bytes_and_an_end(portal, sockets):
    sound = warm(portal)
    request = f"GET {sound.download} HTTP/1.0\r\nCookie: {portal.headers()['Cookie']}\r\n"
    answer = read_all(sockets(send(portal, request + "Host: 127.0.0.1\r\n\r\n")))
    assert answer.split(b"\r\n\r\n", 1)[1] == sound.bytes


def test_a_recording_of_unknown_length_comes_in_chunks(portal, sockets):
    held = Held(noise(N), 1_000_000)
    sound = portal.sound(held)
    portal.vendor.faults.add("chunked", f"/recordings/{sound.id}/audio")
    held.hold()
    answers: list[Answer] = [portal.ask(sound.download, on_head=held.let_go)]
    assert answers[0].headers["Transfer-Encoding"] == "chunked"
    assert (answers[0].whole, answers[0].body == sound.bytes) == (True, True)


def test_a_client_that_takes_nothing_is_given_up(portal, sockets):
    sound = warm(portal)
    connection = listen(portal, sockets, sound.download)
    assert eventually(lambda: portal.audio_files_open())
    assert eventually(lambda: not portal.audio_files_open())
    assert len(read_all(connection)) < N


def test_clients_that_ask_and_never_read_hold_no_thread(portal, sockets):
    page = "GET /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000
    for _ in range(8):
        connection = sockets(open_raw(portal.port, "/healthz", {}, buffer=SMALL_BUFFER))
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            connection.send(page.encode())
    assert serves(portal)


def test_an_evicted_file_is_sent_to_its_end(portal, sockets):
    sound = warm(portal)
    connection = listen(portal, sockets, sound.download)
    (sound.entry / "audio").unlink()
    assert read_all(connection) == sound.bytes
