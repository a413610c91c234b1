"""Listeners who leave in the midst leave nothing behind in the worker."""

import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recordings.simulator import noise

from .asking import eventually, open_raw
from .portal import Portal

MEBIBYTE = 2**20
AT_ONCE = 20


def memory(portal) -> int:
    """Resident bytes of the worker."""
    for line in Path(f"/proc/{portal.worker}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def leave(portal, path, headers, number):
    """Begin to listen and leave: some politely, some with a reset, some without reading."""
    connection = open_raw(portal.port, path, {**portal.headers(), **headers}, buffer=8192)
    if number % 3:
        connection.recv(1000)
    if number % 2:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def abort(portal, sounds, times):
    ways = [("download", {}), ("audio", {}), ("audio", {"Range": "bytes=5-"})]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(times):
            sound = sounds[number % len(sounds)]
            place, headers = ways[number % len(ways)]
            pool.submit(leave, portal, getattr(sound, place), headers, number)


def quiet(portal) -> bool:
    """Whether no audio file is open and no listener's connection is left."""
    sockets = sum(name.startswith("socket:") for name in portal.open_files())
    return not portal.audio_files_open() and not portal.relay_threads() and sockets < 30


def other_files(portal) -> list[str]:
    """What is open besides the database, whose connections grow with the threads at work."""
    return [name for name in portal.open_files() if "portal.sqlite3" not in name]


def abort_cold(portal, times):
    """As above, of recordings that are only arriving."""
    portal.vendor.options.bandwidth = 8 * MEBIBYTE
    abort(portal, [portal.sound(noise(4 * MEBIBYTE)) for _ in range(2)], times)


@pytest.fixture
def portal(kallglot, tmp_path, django_db_blocker, django_db_setup, static_files):
    """A portal with few threads, so that each has its share of the streams."""
    portal = Portal(tmp_path, kallglot, django_db_blocker, WEB_THREADS="24")
    portal.prepare()
    portal.start()
    portal.reset()
    yield portal
    portal.stop()
    kallglot.options.bandwidth = 0


@pytest.mark.parametrize("streams", [200, pytest.param(1000, marks=pytest.mark.endurance)])
def test_aborted_streams_leave_nothing(streams, portal):
    warm = [portal.sound(noise(4 * MEBIBYTE)) for _ in range(2)]
    for sound in warm:
        assert portal.ask(sound.download).body == sound.bytes
    # Memory of a thread's first requests is kept, so let each have some; the rest counts.
    abort(portal, warm, streams // 2)
    abort_cold(portal, streams // 8)
    assert eventually(lambda: quiet(portal)), portal.open_files()
    files, used = len(other_files(portal)), memory(portal)
    abort(portal, warm, streams * 7 // 10)
    abort_cold(portal, streams * 3 // 10)
    assert eventually(lambda: quiet(portal)), portal.open_files()
    assert eventually(lambda: len(other_files(portal)) <= files + 5), other_files(portal)
    assert memory(portal) <= used + 8 * MEBIBYTE
    assert not portal.vendor_connections()
    sound = warm[0]
    assert portal.ask(sound.download).body == sound.bytes
    assert "Traceback" not in portal.log
