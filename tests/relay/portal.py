"""The portal served by its real gunicorn, with a database, audio folder and vendor of its own."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client

from recordings.models import Recording, VendorState
from recordings.simulator import Simulator, make_call
from tests.factories import make_recording, make_session
from tests.ports import reserve_port

from .asking import Answer, ask, eventually

THREADS = "/_threads"  # as in quick_wsgi
_ROOT = Path(__file__).resolve().parent.parent.parent
_numbers = count(1)


@dataclass(frozen=True)
class Sound:
    """One recording that the vendor has and the portal knows."""

    id: str
    pk: int
    bytes: bytes
    folder: Path

    @property
    def audio(self) -> str:
        return f"/recordings/{self.id}/audio"

    @property
    def download(self) -> str:
        return f"/recordings/{self.id}/download"

    @property
    def entry(self) -> Path | None:
        """Its folder in the audio folder, if there is one."""
        return next(iter(self.folder.glob(f"{self.pk}-*")), None)

    @property
    def is_cached(self) -> bool:
        entry = self.entry
        if entry is None or not (entry / "audio").exists():
            return False
        # The fill has put the file in its place and gone.
        return not (entry / "progress").exists()


class Portal:
    """One gunicorn master with one worker; `blocker` lets the test reach the portal's database."""

    # A migrated database with people in it, and their cookies: made once, then copied.
    _prepared: tuple[bytes, dict[str, str]] | None = None

    def __init__(self, folder: Path, vendor: Simulator, blocker, **environment: str) -> None:
        self.folder, self.vendor = folder, vendor
        self.audio_dir = folder / "audio"
        self.port = reserve_port()
        self._blocker = blocker
        self._log = folder / "gunicorn.log"
        self._environment = environment
        self._process: subprocess.Popen | None = None
        self.cookies: dict[str, str] = {}

    # -- running ---------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the database and sign people in."""
        from recordings.roles import LEAD, REVIEWER

        path = self.folder / "portal.sqlite3"
        if Portal._prepared:
            content, self.cookies = Portal._prepared
            path.write_bytes(content)
            return
        with self.database():
            call_command("migrate", verbosity=0)
            for name, group in (("lead", LEAD), ("reviewer", REVIEWER), ("stranger", None)):
                self.cookies[name] = self._sign_in(name, group)
        with contextlib.closing(sqlite3.connect(path)) as made:
            Portal._prepared = made.serialize(), self.cookies

    def start(self) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{self.folder / 'portal.sqlite3'}",
            "AUDIO_DIR": str(self.audio_dir),
            "KALLGLOT_API_URL": self.vendor.url,
            "KALLGLOT_API_KEY": self.vendor.key,
            "PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": "tests.relay.quick_settings",
            "WEB_WORKERS": "1",
            "TEST_STATIC_ROOT": str(settings.STATIC_ROOT),
            **self._environment,
        }
        command = [sys.executable, "-m", "gunicorn", "-c", "kallglot_portal/gunicorn.conf.py"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--reuse-port", "tests.relay.quick_wsgi:application"],
                cwd=_ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        assert eventually(self._answers, within=60), self.log

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def signal(self, number: int) -> None:
        """Send a signal to the master."""
        self._process.send_signal(number)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return ask(self.port, "/healthz").status == 200
        return False

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    # -- its database ----------------------------------------------------------------------

    @contextlib.contextmanager
    def database(self) -> Iterator[None]:
        """Inside, models read and write the served portal's own database."""
        from kallglot_portal.sqlite.base import DatabaseWrapper

        usual = connections["default"]
        told = {**usual.settings_dict, "ENGINE": "kallglot_portal.sqlite"}
        told |= {"NAME": str(self.folder / "portal.sqlite3"), "CONN_MAX_AGE": 0}
        told["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL",
        }
        with self._blocker.unblock():
            connections["default"] = wrapper = DatabaseWrapper(told, "default")
            try:
                yield
            finally:
                wrapper.close()
                connections["default"] = usual

    def reset(self) -> None:
        """A healthy vendor of which no trouble is remembered."""
        self.vendor.faults.clear()
        self.vendor.options.update(
            {"range": False, "bandwidth": 0, "latency_ms": 0, "validators": "off"}
        )
        self.forget_trouble()

    def forget_trouble(self) -> None:
        with self.database():
            VendorState.objects.all().delete()
            Recording.objects.exclude(last_error="").update(last_error="", last_error_at=None)

    def sound(self, audio, format: str = "mp3", **facts) -> Sound:
        """A recording at the vendor, known to the portal; `audio` as `make_call` takes it."""
        number = next(_numbers)
        facts.setdefault("recording_id", f"rec_r{number}_mixed")
        recording_id = facts.pop("recording_id")
        name = recording_id.removeprefix("rec_").removesuffix("_mixed")
        call = make_call(f"sess_{name}", {"mixed": audio}, formats={"mixed": format})
        self.vendor.add_call(call)
        source = call.recordings[0].audio
        facts.setdefault("size", source.size)
        with self.database():
            session = make_session(f"sess_{name}")
            row = make_recording(session, recording_id, format=format, **facts)
        content = b"".join(bytes(block) for block in source.blocks(0, source.size))
        return Sound(recording_id, row.pk, content, self.audio_dir)

    def change(self, sound: Sound, **facts) -> None:
        with self.database():
            Recording.objects.filter(pk=sound.pk).update(**facts)

    def _sign_in(self, name: str, group: str | None) -> str:
        from django.contrib.auth.models import Group, User

        user = User.objects.create_user(name)
        if group:
            user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    # -- asking ----------------------------------------------------------------------------

    def headers(self, person: str | None = "lead") -> dict[str, str]:
        if person is None:
            return {}
        return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={self.cookies[person]}"}

    def ask(
        self,
        path: str,
        method: str = "GET",
        person: str | None = "lead",
        on_head: Callable[[], None] = lambda: None,
        **headers,
    ) -> Answer:
        """`portal.ask(sound.audio, Range="bytes=0-1", If_Range='"x"')`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {**self.headers(person), **named}
        return ask(self.port, path, method, told, on_head=on_head)

    def vendor_gets(self, sound: Sound) -> int:
        return self.vendor.requests.count(f"/recordings/{sound.id}/audio")

    # -- what it holds ---------------------------------------------------------------------

    @property
    def worker(self) -> int:
        """The process id of the one worker."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0])

    def open_files(self) -> list[str]:
        """What the worker's descriptors lead to."""
        found = []
        for link in Path(f"/proc/{self.worker}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(os.readlink(link))
        return found

    def audio_files_open(self) -> list[str]:
        return [name for name in self.open_files() if str(self.audio_dir) in name]

    def relay_threads(self) -> list[str]:
        """The names of the worker's threads that fill, fetch a tail, or watch."""
        names = json.loads(ask(self.port, THREADS).body)
        return [name for name in names if name.startswith(("fill-", "tail-", "watch-", "wishes-"))]

    def left_overs(self, sound: Sound) -> list[str]:
        """Whatever a fault must not leave behind, in words."""
        entry = sound.entry
        found = []
        with contextlib.suppress(FileNotFoundError):  # the folder goes at any moment
            found = sorted(path.name for path in entry.iterdir()) if entry else []
        found = [name for name in found if name not in ("audio", "facts.json", "checked.json")]
        found += [path.name for path in self.audio_dir.glob(".gone-*")]
        found += self.audio_files_open() + self.relay_threads()
        return found + self.vendor_connections()

    def vendor_connections(self) -> list[str]:
        """Answers of the vendor that are still under way."""
        return [r.path for r in self.vendor.requests.matching("/audio") if not r.done]
