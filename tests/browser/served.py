"""The portal as people run it: its real server in a process, before a simulated Kallglot."""

import os
import socket
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

# Somebody with a role and nothing on top of it; the demo's reviewer was granted downloads.
_MIA = f"""
from django.contrib.auth.models import Group, User
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
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen | None = None
        self._environment = os.environ | {
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

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        with self.log.open("ab") as log:
            subprocess.run(command, env=self._environment, check=True, stdout=log, stderr=log)

    def start(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("demo")
        self._run(_MIA)
        self.look_through(*LOOKED_THROUGH)
        self.vendor.requests.clear()
        self.serve()

    def refresh(self, session_id: str) -> None:
        """Let the portal learn what Kallglot says of this call now."""
        self._run(_REFRESH.format(session_id=session_id))

    def look_through(self, *tickets: str) -> None:
        """Make the waveforms and measurements of the calls with these tickets."""
        self._run(_LANES.format(tickets=tickets))

    def forget_looking_through(self, ticket: str) -> None:
        """Nobody has wished for, or made, the waveform of the call with this ticket."""
        self._run(_NO_LANES.format(ticket=ticket))

    def begin_anew(self) -> None:
        """Nobody has heard anything, and the vendor is well."""
        self.vendor.faults.clear()
        with closing(sqlite3.connect(self._database, timeout=20)) as database, database:
            for table in _LEFT_BY_TESTS:
                database.execute(f"DELETE FROM {table}")

    def serve(self) -> None:
        """Start the server alone, once more after a `stop`."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *GUNICORN], env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"The portal did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _run(self, code: str) -> None:
        self.manage("shell", "--verbosity", "0", "--command", code)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                return True
        except OSError:
            return False
