"""A worker that dies is started again, and ends with its keeper."""

import os
import signal
import subprocess
import sys

import pytest

from tests.relay.asking import eventually

# Says its process id, then lives until it is ended.
CHILD = "import os, signal; print(os.getpid(), flush=True); signal.pause()"


@pytest.fixture
def keeper():
    command = [sys.executable, "-m", "kallglot_portal.keeper", sys.executable, "-c", CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield process
        if process.poll() is None:
            # Not killed: that would leave its command behind.
            process.terminate()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_command_is_started_again(keeper):
    first = int(keeper.stdout.readline())
    os.kill(first, signal.SIGKILL)

    second = int(keeper.stdout.readline())

    assert second != first
    assert keeper.poll() is None
    assert b"started again in 1 s" in keeper.stderr.readline()


def test_ending_the_keeper_ends_the_command(keeper):
    child = int(keeper.stdout.readline())

    keeper.terminate()

    assert keeper.wait(timeout=30) == 0
    assert eventually(lambda: not is_alive(child))
