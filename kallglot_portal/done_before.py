"""What an earlier start has done already, so that the next one need not do it again.

A start applies migrations and collects static files. Most starts find both done, yet finding out
by Django's own commands takes seconds. So after each command a digest is kept of everything that
its result depends on: our code, the installed packages, and the result itself (the rows of the
database's migration table; the collected files). Any difference has the command run again.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

MIGRATE, COLLECT = "migrate", "collectstatic"
_CODE = ("kallglot_portal", "recordings")


def pending(records: Path) -> list[str]:
    """The commands that this start has to run; `records` is the folder of the kept digests."""
    code = _code_digest()
    return [
        command
        for command in (MIGRATE, COLLECT)
        if (digest := _digest(command, code)) is None or _kept(records, command) != digest
    ]


def remember(records: Path, command: str) -> None:
    """Keep that `command` has just succeeded."""
    digest = _digest(command, _code_digest())
    if digest is not None:
        _record(records, command).write_text(digest)


def _kept(records: Path, command: str) -> str:
    try:
        return _record(records, command).read_text()
    except (OSError, ValueError):
        return ""


def _record(records: Path, command: str) -> Path:
    if command == COLLECT:
        return records / f"{command}.done"
    # The demo's database and a real account's take turns.
    facts = settings.DATABASES["default"]
    which = repr([facts.get(part) for part in ("ENGINE", "NAME", "HOST", "PORT")])
    return records / f"{command}-{hashlib.sha256(which.encode()).hexdigest()[:12]}.done"


def _digest(command: str, code: str) -> str | None:
    """A digest of all that the command's result depends on; None where there is no result."""
    result = _applied_migrations() if command == MIGRATE else _static_files()
    if result is None:
        return None
    return hashlib.sha256(repr((code, result)).encode()).hexdigest()


def _applied_migrations() -> list[tuple] | None:
    try:
        connection.ensure_connection()
        # The driver's own cursor: Django's would warn that its apps are not loaded.
        with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
            cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
            return cursor.fetchall()
    except (Error, OSError):
        # There is no such table yet, or no database: `migrate` says what is the matter.
        return None
    finally:
        _disconnect()


def _disconnect() -> None:
    """The process that starts all others needs the database no more."""
    if not connection.in_atomic_block:
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def _static_files() -> list[tuple] | None:
    """The content of each source, and size and time of each collected file."""
    collected = Path(settings.STATIC_ROOT)
    if not (collected / "staticfiles.json").is_file():
        return None
    sources = [
        (str(path), hashlib.sha256(path.read_bytes()).hexdigest())
        for folder in settings.STATICFILES_DIRS
        for path in _files(Path(folder))
    ]
    made = [
        (str(path), status.st_size, status.st_mtime_ns)
        for path in _files(collected)
        for status in (path.stat(),)
    ]
    return [*sources, *made]


def _code_digest() -> str:
    """A digest of our code, and of the checksums of all installed packages."""
    found = hashlib.sha256(repr((sys.version, settings.SETTINGS_MODULE)).encode())
    for folder in _CODE:
        for path in _files(settings.BASE_DIR / folder):
            if path.suffix == ".py":
                found.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    for path in sorted(_package_records()):
        found.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _package_records() -> Iterator[Path]:
    for folder in sys.path:
        if folder and os.path.isdir(folder):
            yield from Path(folder).glob("*.dist-info/RECORD")


def _files(folder: Path) -> Iterator[Path]:
    """All files below `folder`, always in the same order."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent) / name for name in sorted(names))
