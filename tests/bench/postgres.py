"""A PostgreSQL of the bench's own, on a socket in a scratch folder.

The programs refuse to run as root; then they run as the user postgres, as in on-postgres.sh.
"""

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .processes import Failed, Program

_START_WITHIN_S = 30


def programs() -> Path | None:
    """The folder of the newest installed version, if it can be run here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    return found[-1].parent if found and _as_user() is not None else None


class Cluster:
    """An empty cluster that is gone after `close`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="kallglot-portal-bench-pg-"))
        self.program: Program | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return f"postgres://{getpass.getuser()}@/postgres?host={self._folder}"

    def close(self) -> None:
        if self.program is not None:
            self.program.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        as_user, folder, data = _as_user(), self._folder, self._folder / "data"
        if as_user:
            shutil.chown(folder, "postgres")
        options = ["-U", getpass.getuser(), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        made = subprocess.run(
            [*as_user, programs() / "initdb", "-D", data, *options],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise Failed(f"PostgreSQL cannot be started:\n{made.stderr[-2000:]}")
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_wal_size=4GB"]
        command = [*as_user, programs() / "postgres", "-D", data, "-k", folder, *options]
        self.program = Program(
            list(map(str, command)), None, folder / "log", env=dict(os.environ), cwd=folder
        )
        deadline = time.monotonic() + _START_WITHIN_S
        answers = [programs() / "pg_isready", "--quiet", "--host", folder]
        while subprocess.run(answers, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise Failed("PostgreSQL does not start.")
            time.sleep(0.05)


def _as_user() -> list[str] | None:
    """What goes before a command; None where there is nobody to run it as."""
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None or not Path("/etc/passwd").read_text().count("\npostgres:"):
        return None
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
