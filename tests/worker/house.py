"""A whole portal of its own: database, queue, audio folder, web server and worker processes."""

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import dj_database_url
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.utils.module_loading import import_string

from recordings.models import Export, Import, Session, VendorState, WebhookEvent
from recordings.simulator import Simulator
from recordings.simulator.webhooks import send
from tests.ports import reserve_port
from tests.relay.asking import eventually

SECRET = "kg_test_signing_secret_0001"
ROOT = Path(__file__).resolve().parent.parent.parent
_WORKER = ("run_huey", "--workers", "8", "--max-delay", "1", "--quiet")


class House:
    """`vendor` is a running simulator; `blocker` lets the test reach the house's database."""

    def __init__(self, folder: Path, vendor: Simulator, blocker, **environment: str) -> None:
        self.folder, self.vendor = folder, vendor
        self.audio_dir = folder / "audio"
        self.port = reserve_port()
        self._blocker = blocker
        self._postgres = ""
        self.environment = {
            **os.environ,
            "DATABASE_URL": self._new_database(),
            "REDIS_URL": "",
            "TEST_QUEUE": str(folder / "worker.sqlite3"),
            "AUDIO_DIR": str(self.audio_dir),
            "KALLGLOT_API_URL": vendor.url,
            "KALLGLOT_API_KEY": vendor.key,
            "PORT": str(self.port),
            "WEB_WORKERS": "1",
            "WEB_THREADS": "120",
            "DJANGO_SETTINGS_MODULE": "tests.relay.quick_settings",
            "TEST_STATIC_ROOT": str(settings.STATIC_ROOT),
            **environment,
        }
        self._processes: dict[str, subprocess.Popen] = {}
        with self.database():
            call_command("migrate", verbosity=0)

    # -- processes -------------------------------------------------------------------------

    def start_web(self, **environment: str) -> None:
        self.kill("web")
        command = [sys.executable, "-m", "gunicorn", "-c", "kallglot_portal/gunicorn.conf.py"]
        command.append("--reuse-port")
        self._start("web", command, **environment)
        assert eventually(self._answers, within=60), self.log("web")

    def start_worker(self, **environment: str) -> None:
        before = time.time()
        self._start("worker", [sys.executable, "manage.py", *_WORKER], **environment)

        def has_come() -> bool:
            from recordings.models import WorkerState

            with self.database():
                state = WorkerState.objects.first()
                return bool(state) and state.last_beat_at.timestamp() > before

        assert eventually(has_come, within=60), self.log("worker")

    def manage(self, *arguments: str, **options) -> subprocess.Popen:
        """A management command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def kill(self, name: str) -> None:
        """As a power cut would: nobody tidies up."""
        process = self._processes.pop(name, None)
        if process:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        for name in list(self._processes):
            self.kill(name)
        if self._postgres:
            with self._blocker.unblock(), connections["default"].cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{self._postgres}" WITH (FORCE)')
            connections["default"].close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, command: list[str], **environment: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                # A group of its own: gunicorn's master goes with its worker.
                start_new_session=True,
            )

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("GET", "/healthz")[0] == 200
        return False

    # -- asking ----------------------------------------------------------------------------

    def ask(self, method: str, path: str, body=None, **headers) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @property
    def hook(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/kallglot"

    def deliver(self, events, **options) -> list[int]:
        """Send events as the simulated Kallglot does; the statuses of the answers."""
        return [attempt.status for attempt in send(self.hook, SECRET, events, **options)]

    # -- its database ----------------------------------------------------------------------

    @contextlib.contextmanager
    def database(self) -> Iterator[None]:
        """Inside, models read and write the house's own database."""
        usual = connections["default"]
        told = {**usual.settings_dict, **dj_database_url.parse(self.environment["DATABASE_URL"])}
        if "sqlite" in told["ENGINE"]:
            told["OPTIONS"] = {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL",
            }
        wrapper_class = import_string(f"{told['ENGINE']}.base.DatabaseWrapper")
        told |= {"CONN_MAX_AGE": 0}
        with self._blocker.unblock():
            connections["default"] = wrapper = wrapper_class(told, "default")
            try:
                yield
            finally:
                wrapper.close()
                connections["default"] = usual

    def until(self, condition, within: float = 40.0) -> None:
        """Wait until `condition` holds in the database; fail with the worker's log."""

        def holds():
            with self.database():
                return condition()

        assert eventually(holds, within), self.log("worker")[-3000:]

    def empty(self) -> None:
        """A portal that knows no call and of no trouble, before a healthy vendor."""
        self.vendor.faults.clear()
        self.vendor.requests.clear()
        self.vendor.options.update({"rate_limit": 0, "latency_ms": 0, "bandwidth": 0})
        with self.database():
            for model in (Session, VendorState, WebhookEvent, Import, Export):
                model.objects.all().delete()

    def _new_database(self) -> str:
        told = connections["default"].settings_dict
        if "sqlite" in told["ENGINE"]:
            return f"sqlite:///{self.folder / 'portal.sqlite3'}"
        self._postgres = f"portal_test_{uuid.uuid4().hex[:12]}"
        with self._blocker.unblock(), connections["default"].cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{self._postgres}"')
        connections["default"].close()
        host = told["HOST"] or told.get("OPTIONS", {}).get("host", "")
        return f"postgres:///{self._postgres}?host={host}"
