"""The portal as people run it: its real server in a process, before a simulated Kallglot."""

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from recordings.management.commands.demo import PASSWORD
from recordings.simulator import Simulator
from tests.ports import reserve_port

# Somebody with a role and nothing on top of it; the demo's reviewer was granted downloads.
_FIRST_DATA = f"""
from django.contrib.auth.models import Group, User
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("demo")
mia = User.objects.create_user("mia", password="{PASSWORD}")
mia.groups.add(Group.objects.get(name="Reviewer"))
"""
# What the worker would do: ask about a call that is due.
_REFRESH = """
from recordings.services import sync
sync.refresh("{session_id}", background=True)
"""
# And look through the sound of some calls. The others wait for one.
_LANES = """
from recordings.models import Recording
from recordings.services import lanes
for recording in Recording.objects.filter(session__metadata__ticket_id__in={tickets}):
    lanes.analyse(recording)
"""
_NO_LANES = """
from recordings.models import CallFigures, Lanes
Lanes.objects.filter(recording__session__metadata__ticket_id="{ticket}").delete()
CallFigures.objects.filter(session__metadata__ticket_id="{ticket}").delete()
"""
_ANALYSE = """
from recordings.models import Recording
from recordings.services import lanes
for recording in Recording.objects.filter(session__kallglot_id="{session_id}"):
    lanes.analyse(recording)
"""
LOOKED_THROUGH = ("T-4711", "T-4630")
GUNICORN = ("-m", "gunicorn", "-c", "tests/browser/gunicorn.conf.py")
# What people's listening and writing leaves, and faults of the vendor.
_LEFT_BY_TESTS = ("recordings_listeningposition", "recordings_note", "recordings_vendorstate")


@contextmanager
def serving(folder: Path, static_root: Path) -> "Iterator[ServedPortal]":
    """A served portal; its `vendor` is in this process and takes faults."""
    with Simulator(epoch=datetime.now(UTC)) as vendor:
        portal = ServedPortal(folder, vendor, static_root)
        try:
            portal.start()
            yield portal
        finally:
            portal.stop()


class ServedPortal:
    """gunicorn on a free port with its own database, people and calls of the demo."""

    def __init__(self, folder: Path, vendor: Simulator, static_root: Path):
        self.vendor = vendor
        self.password = PASSWORD
        self.log = folder / "portal.log"
        self._database = folder / "portal.sqlite3"
        port = reserve_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen | None = None
        self._shell: subprocess.Popen | None = None
        self.environment = os.environ | {
            "KALLGLOT_API_URL": vendor.url,
            "KALLGLOT_API_KEY": vendor.key,
            "DATABASE_URL": f"sqlite:///{self._database}",
            "AUDIO_DIR": str(folder / "audio"),
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS": "off",
            "PORT": str(port),
            "WEB_WORKERS": "1",
            "WEB_THREADS": "24",
            "TEST_STATIC_ROOT": str(static_root),
        }

    def run(self, code: str) -> None:
        """Run this Python code in the portal's settings; RuntimeError with its traceback."""
        if self._shell is None:
            with self.log.open("ab") as log:
                self._shell = subprocess.Popen(
                    [sys.executable, "-m", "tests.browser.shell"],
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        self._shell.stdin.write(json.dumps(code) + "\n")
        self._shell.stdin.flush()
        response = self._shell.stdout.readline()
        if failure := json.loads(response) if response else self.log.read_text():
            raise RuntimeError(failure)

    def start(self) -> None:
        self.run(_FIRST_DATA)
        self.look_through(*LOOKED_THROUGH)
        self.vendor.requests.clear()
        self.serve()

    def refresh(self, session_id: str) -> None:
        """Let the portal learn what Kallglot says of this call now."""
        self.run(_REFRESH.format(session_id=session_id))

    def look_through(self, *tickets: str) -> None:
        """Make the waveforms and measurements of the calls with these tickets."""
        self.run(_LANES.format(tickets=tickets))

    def analyse(self, session_id: str) -> None:
        """Analyse the audio of this call, as the worker does."""
        self.run(_ANALYSE.format(session_id=session_id))

    def forget_looking_through(self, ticket: str) -> None:
        """Nobody has wished for, or made, the waveform of the call with this ticket."""
        self.run(_NO_LANES.format(ticket=ticket))

    def begin_anew(self) -> None:
        """Nobody has heard anything, and the vendor is well."""
        self.vendor.faults.clear()
        self.vendor.options.update({"bandwidth": 0, "range": False, "validators": "off"})
        with closing(sqlite3.connect(self._database, timeout=20)) as database, database:
            for table in _LEFT_BY_TESTS:
                database.execute(f"DELETE FROM {table}")

    def serve(self) -> None:
        """Start the server alone, once more after `stop_serving`."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *GUNICORN], env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"The portal did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop_serving(self) -> None:
        """Stop the server alone: connections are refused until `serve`."""
        if self._process is not None:
            self._process.terminate()
            _await_end(self._process)

    def stop(self) -> None:
        self.stop_serving()
        if self._shell is not None:
            self._shell.stdin.close()
            _await_end(self._shell)
            self._shell.stdout.close()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                return True
        except OSError:
            return False


def _await_end(process: subprocess.Popen) -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
