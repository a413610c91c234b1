"""Starting the simulator by hand."""

import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from recordings.simulator.__main__ import main


@contextmanager
def running(*arguments):
    command = [sys.executable, "-m", "recordings.simulator", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        ready = process.stdout.readline()
        yield process, re.search(r"http://127\.0\.0\.1:\d+/v1", ready)[0]
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_ends_it_cleanly(number):
    switches = ["--key", "sk_test_k", "--range", "on", "--generation", "older"]
    faults = ["--fault", "status:/transcript:status=503", "--option", "head=mirror"]
    with running(*switches, *faults, "--epoch", "2026-05-11T12:00:00") as (process, url):
        key = {"Authorization": "Bearer sk_test_k"}
        session = requests.get(f"{url}/sessions/sess_01HXYZ123456789", headers=key, timeout=20)
        assert session.json()["ended_at"] == "2026-05-11T08:48:00Z"
        assert session.json()["provider"]["type"] == "twilio"
        words = f"{url}/sessions/sess_01HXYZ123456789/transcript"
        assert requests.get(words, headers=key, timeout=20).status_code == 503
        process.send_signal(number)
        out, errors = process.communicate(timeout=20)
        assert (process.returncode, out, errors) == (0, "", "")


def test_a_taken_port_is_one_sentence_and_exit_code_1(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert f"127.0.0.1:{port}" in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fault", "nonsense"],
        ["--option", "colour=red"],
        ["--option", "range=maybe"],
        ["--option", "expired_status=200"],
        ["--generation", "future"],
        ["--epoch", "yesterday"],
    ],
)
def test_a_wrong_switch_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
