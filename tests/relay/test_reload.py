"""A reload of the running server cuts nobody off, and a stop waits for nobody long."""

import signal
import time
from pathlib import Path

import pytest

from recordings.simulator import noise

from .asking import eventually, open_raw
from .portal import Portal

N = 16 * 2**20
STOPS_WITHIN_S = 1
# A worker that takes longer to start is ended as well.
TIMEOUT_S = 5


@pytest.fixture
def portal(kallglot, tmp_path, django_db_blocker, django_db_setup, static_files):
    """A portal whose master has little patience."""
    arguments = f"--graceful-timeout {STOPS_WITHIN_S} --timeout {TIMEOUT_S}"
    portal = Portal(tmp_path, kallglot, django_db_blocker, GUNICORN_CMD_ARGS=arguments)
    portal.prepare()
    portal.start()
    portal.reset()
    yield portal
    portal.stop()


def read(connection) -> int:
    """How many bytes come until the connection ends."""
    count = 0
    try:
        while block := connection.recv(2**20):
            count += len(block)
    except ConnectionResetError:
        pass
    return count


def test_a_download_outlives_a_reload_and_a_stop_does_not_wait_for_it(portal):
    sound = portal.sound(noise(N))
    assert len(portal.ask(sound.download).body) == N
    old = Path(f"/proc/{portal.worker}")
    headers = portal.headers() | {"Connection": "close"}
    with open_raw(portal.port, sound.download, headers, buffer=16384) as connection:
        begun = len(connection.recv(1000))
        portal.signal(signal.SIGHUP)
        # Beyond the time in which the master would have ended it.
        time.sleep(STOPS_WITHIN_S + TIMEOUT_S + 1)
        assert portal.ask(sound.audio, Range="bytes=0-9").body == sound.bytes[:10]
        assert old.exists()
        assert begun + read(connection) > N
    assert eventually(lambda: not old.exists())

    with open_raw(portal.port, sound.download, headers, buffer=16384) as connection:
        connection.recv(1000)
        began = time.monotonic()
        portal.signal(signal.SIGTERM)
        assert eventually(lambda: not portal.is_running, within=STOPS_WITHIN_S + 10)
        assert time.monotonic() - began < STOPS_WITHIN_S + 10
        assert read(connection) < N
