"""The stage: starts each server when it is first needed, and ends all of them."""

import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from . import nginx, servers, vendor
from .client import fetch
from .processes import Failed, Program, free_port

ROOT = Path(__file__).resolve().parents[2]
WEBHOOK_SECRET = "only-for-the-bench-webhooks"
# What the launcher sets for its children, and what makes the portal a trial on this machine.
_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "MALLOC_ARENA_MAX": "2",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
    "HTTPS": "off",
    "SECRET_KEY": "only-for-the-bench-" + "0123456789abcdef" * 4,
    "ALLOWED_HOSTS": "127.0.0.1",
    "KALLGLOT_API_KEY": vendor.KEY,
    "X_ACCEL_REDIRECT": "",
    "DEBUG": "off",
    "KALLGLOT_WEBHOOK_SECRET": WEBHOOK_SECRET,
}
# May be given from outside, to try other values.
_TRIED = ("MALLOC_ARENA_MAX", "WEB_WORKERS", "WEB_THREADS", "SWITCH_INTERVAL")


class Stage:
    """All servers over one scratch folder. `close` ends those that were started."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self._started: list[Program] = []
        self._kept: list = []
        # From the last one down: other rows take the first ones.
        self._played = dict(vendor.COPIES)

    def close(self) -> None:
        for thing in list(self._kept):
            self.let_go(thing)
        while self._started:
            self._started.pop().end()

    def cpu_s(self) -> float:
        """Processor time that the running servers have used so far."""
        programs = [*self._started, *(thing.program for thing in self._kept)]
        return sum(program.cpu_s() for program in programs)

    def never_played(self, mib: int) -> vendor.Recording:
        """A recording that no row has asked for: a first playback also writes the audit trail."""
        self._played[mib] -= 1
        if self._played[mib] == 0:
            raise Failed(f"There are too few recordings of {mib} MiB that no one has played.")
        return vendor.recording(mib, self._played[mib] + 1)

    def keep(self, thing):
        """See to the end of something with a `program` and a `close`, whatever happens."""
        self._kept.append(thing)
        return thing

    def let_go(self, thing) -> None:
        self._kept.remove(thing)
        thing.close()

    # -- the vendor --------------------------------------------------------------------------

    @cached_property
    def direct(self) -> servers.Direct:
        return servers.Direct(self._start("vendor", _module("tests.bench.vendor", "{port}")))

    @cached_property
    def vendor(self) -> vendor.Vendor:
        return vendor.Vendor(self.direct.port)

    # -- the peers ---------------------------------------------------------------------------

    @cached_property
    def naive(self) -> servers.Naive:
        command = _module("gunicorn", "--worker-class", "gthread", "--workers", "2")
        command += ["--threads", "32", "--bind", "127.0.0.1:{port}", "tests.bench.naive"]
        return servers.Naive(self._start("naive", command))

    @cached_property
    def _files(self) -> Path:
        files = self.scratch / "files"
        files.mkdir()
        for mib in vendor.COPIES:
            source = vendor.audio(mib)
            with (files / f"{source.size}.wav").open("wb") as file:
                file.writelines(source.blocks(0, source.size))
        return files

    @cached_property
    def floor(self) -> servers.Floor:
        command = _module("gunicorn", "--worker-class", "gthread", "--workers", "2")
        command += ["--threads", "32", "--bind", "127.0.0.1:{port}", "tests.bench.floor"]
        environment = self._environment() | {"BENCH_FILES": str(self._files)}
        return servers.Floor(self._start("floor", command, environment=environment))

    @cached_property
    def nginx_static(self) -> servers.NginxStatic:
        files = self._files
        port = free_port()
        config = nginx.static_config(self.scratch / "static", port, files)
        return servers.NginxStatic(self._start_nginx("static", port, config))

    @cached_property
    def nginx_cache(self) -> servers.NginxCache:
        port, folder = free_port(), self.scratch / "cache"
        config = nginx.cache_config(folder, port, self.direct.port, vendor.KEY)
        return servers.NginxCache(self._start_nginx("cache", port, config), folder / "cache")

    # -- the portal --------------------------------------------------------------------------

    @cached_property
    def portal(self) -> servers.Portal:
        return self._start_portal()

    def fresh_portal(self) -> servers.Portal:
        """The portal started anew, so that its memory holds nothing of earlier rows."""
        if "portal" in vars(self):
            self.end(self.portal.program)
            # A download that was under way has left its part behind.
            self.portal.empty()
            del self.portal
        return self.portal

    def start_worker(self) -> Program:
        """The portal's worker, as the launcher starts it."""
        command = [sys.executable, "manage.py", "run_huey"]
        command += ["--workers", "8", "--max-delay", "1", "--quiet"]
        environment = self.portal_environment("portal", "tests.bench.portal_settings")
        program = Program(command, None, self.scratch / "worker.log", env=environment, cwd=ROOT)
        self._started.append(program)
        return program

    def end(self, program: Program) -> None:
        program.end()
        self._started.remove(program)

    @cached_property
    def bare(self) -> servers.Bare:
        program, audio_dir = self._start_gunicorn("bare", "tests.bench.bare_settings")
        return servers.Bare(program, audio_dir)

    @cached_property
    def _cookie(self) -> str:
        """The cookie of a person in a fresh database that knows all of the vendor's calls."""
        self.vendor.behave()
        done = subprocess.run(
            _module("tests.bench.prepare"),
            env=self.portal_environment("portal", "tests.bench.portal_settings"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"The portal's database cannot be made:\n{done.stderr[-2000:]}")
        return done.stdout.strip()

    def _start_portal(self) -> servers.Portal:
        cookie = self._cookie
        program, audio_dir = self._start_gunicorn("portal", "tests.bench.portal_settings")
        portal = servers.Portal(program, audio_dir, cookie)
        for _ in range(30):  # both processes import what they need on their first answers
            for path in servers.PAGES.values():
                fetch(portal.page(path))
        return portal

    def _start_gunicorn(self, name: str, settings: str) -> tuple[Program, Path]:
        port = free_port()
        environment = self.portal_environment(name, settings) | {"PORT": str(port)}
        command = _module("gunicorn", "-c", "kallglot_portal/gunicorn.conf.py")
        program = self._start(name, command, port, environment)
        return program, Path(environment["AUDIO_DIR"])

    def portal_environment(self, name: str, settings: str) -> dict[str, str]:
        folder = self.scratch / name
        audio_dir = folder / "audio"
        audio_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._environment() | {
            "DJANGO_SETTINGS_MODULE": settings,
            "BENCH_STATIC_ROOT": str(folder / "static"),
            "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
            "AUDIO_DIR": str(audio_dir),
        }

    # -- starting ----------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        system = {
            name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ
        }
        tried = {name: os.environ[name] for name in _TRIED if name in os.environ}
        environment = system | _ENVIRONMENT | tried
        if "direct" in vars(self):
            environment["KALLGLOT_API_URL"] = f"http://127.0.0.1:{self.direct.port}/v1"
        return environment

    def _start_nginx(self, name: str, port: int, config: Path) -> Program:
        return self._start(name, [nginx.program(), "-c", str(config)], port)

    def _start(
        self,
        name: str,
        command: list[str],
        port: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> Program:
        port = port or free_port()
        if name != "vendor":
            _ = self.direct  # everything else needs the vendor's address
        program = Program(
            [part.format(port=port) for part in command],
            port,
            self.scratch / f"{name}.log",
            env=environment or self._environment(),
            cwd=ROOT,
        )
        self._started.append(program)
        return program


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
