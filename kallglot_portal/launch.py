"""Starts the portal: `python -m kallglot_portal.launch run` (trial) or `serve` (production).

Both migrate the database and collect static files where that is not done yet, and start the web
server under honcho, which ends everything together. `run` also fills in what a first look needs: a
secret key, plain http on this machine, and, without an API key, a simulated Kallglot with demo
people and calls in a data folder of their own (`var/demo`), so that a demo sign-in never opens a
real company's calls.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
DEMO = VAR / "demo"
SIMULATOR_KEY = "sk_test_demo_0000000000000001"
SIMULATOR_WEBHOOK_SECRET = "kallglot-portal-demo-webhook-secret"  # noqa: S105  (loopback demo)
_START_WITHIN_S = 60
_CHECK_WITHIN_S = 30
# A proxy of the environment leads out of this machine, and the address is on it.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main(arguments: list[str]) -> int:
    if arguments not in (["run"], ["serve"]):
        return _stop("Usage: python -m kallglot_portal.launch run|serve")
    (mode,) = arguments
    serving = mode == "serve"
    os.chdir(ROOT)
    # The launcher reads .env itself, so that it and its children agree on every value.
    for name, value in dotenv_values(ROOT / ".env").items():
        os.environ.setdefault(name, value or "")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    # Of glibc, for every thread: many arenas, and a store of freed pieces that nobody else may use.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.environ.setdefault("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")
    VAR.mkdir(exist_ok=True, mode=0o700)
    processes: dict[str, list[str]] = {}
    demo = False
    if serving:
        missing = _missing_for_production()
        if missing:
            return _stop(missing)
    else:
        demo = not _has("KALLGLOT_API_KEY")
        _fill_in_for_trial(demo)
        if demo:
            processes["kallglot"] = _use_simulator()
    processes["worker"] = [
        *(sys.executable, "-m", "kallglot_portal.keeper"),
        *(sys.executable, "manage.py"),
        "run_huey",
        # Four kinds of work may take long at once; the others must not wait for them.
        *("--workers", "8", "--max-delay", "1", "--quiet"),
    ]
    processes["web"] = [sys.executable, "-m", "gunicorn", "-c", "kallglot_portal/gunicorn.conf.py"]

    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    taken = _port_taken(host, port, mode)
    if taken:
        return _stop(taken)
    if not _prepare():
        return 1
    return _supervise(processes, host, port, demo)


def _stop(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 2


def _has(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def _missing_for_production() -> str:
    """A sentence that names the first setting production cannot do without, or nothing."""
    if not _has("SECRET_KEY"):
        return (
            "SECRET_KEY is not set: put 50 or more random characters there, for example from "
            'python3 -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    if not _has("KALLGLOT_API_KEY"):
        return (
            "KALLGLOT_API_KEY is not set: put an API key there with the scopes sessions:read and "
            "recordings:read, made in Kallglot's developer portal."
        )
    if not _has("ALLOWED_HOSTS"):
        return (
            "ALLOWED_HOSTS is not set: put the host name there under which people reach the "
            "portal, for example portal.example.com."
        )
    return ""


def _fill_in_for_trial(demo: bool) -> None:
    os.environ.setdefault("HTTPS", "off")
    data = DEMO if demo else VAR
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _has("SECRET_KEY"):
        _put("SECRET_KEY", _kept(VAR / "secret_key", secrets.token_urlsafe(64)))
    if demo:
        # A demo has known sign-ins: it never leaves this machine nor meets real data, whatever
        # .env says.
        _put("HOST", "127.0.0.1")
        _put("HTTPS", "off")
        _put("ALLOWED_HOSTS", "localhost,127.0.0.1")
        _put("TRUSTED_PROXIES", "")
        _put("X_ACCEL_REDIRECT", "")
        _put("DATABASE_URL", f"sqlite:///{DEMO / 'portal.sqlite3'}")
        _put("AUDIO_DIR", str(DEMO / "audio"))


def _put(name: str, value: str) -> None:
    """Set a variable for the processes to come; a `NAME_FILE` would win over it, so it goes."""
    os.environ.pop(f"{name}_FILE", None)
    os.environ[name] = value


def _kept(path: Path, fresh: str) -> str:
    """The text in `path`; on the first start `fresh` is written there, for the owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(fresh)
    return path.read_text().strip()


def _use_simulator() -> list[str]:
    """Point the portal at a simulated Kallglot on a free port; the command that starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # The demo's dates count from its first start, so they stay the same at the next one.
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    epoch = _kept(DEMO / "epoch", now)
    _put("KALLGLOT_API_KEY", SIMULATOR_KEY)
    _put("KALLGLOT_API_URL", f"http://127.0.0.1:{port}/v1")
    _put("KALLGLOT_WEBHOOK_SECRET", SIMULATOR_WEBHOOK_SECRET)
    return [
        *(sys.executable, "manage.py", "simulator"),
        *("--port", str(port), "--key", SIMULATOR_KEY, "--epoch", epoch),
    ]


def _port_taken(host: str, port: str, mode: str) -> str:
    """A sentence if the address cannot be listened on, or nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except (ValueError, OverflowError):
            return "PORT must be a whole number from 1 to 65535."
        except OSError as error:
            return (
                f"Port {port} on {host} cannot be used ({error.strerror}). Another program may be "
                f"listening there; end it, or choose another port: PORT=8080 make {mode}"
            )
    return ""


def _manage(*arguments: str) -> int:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603  (our own words)


def _prepare() -> bool:
    """Apply migrations and collect static files, unless an earlier start did; False: it failed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")
    from django.core.exceptions import ImproperlyConfigured

    try:
        from . import done_before

        commands = done_before.pending(VAR)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"The portal cannot start: {error}\n")
        return False
    for command in commands:
        if _manage(command, "--no-input", "--verbosity", "0") != 0:
            return False
        done_before.remember(VAR, command)
    return True


def _supervise(processes: dict[str, list[str]], host: str, port: str, demo: bool) -> int:
    from honcho.manager import Manager

    manager = Manager()
    for name, command in processes.items():
        manager.add_process(name, " ".join(_quoted(part) for part in command))
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    threading.Thread(target=_greet, args=(address, demo), daemon=True).start()
    # A closed terminal ends everything too; honcho itself heeds only the other two signals.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    manager.loop()
    # Ctrl-C and SIGTERM are how one ends it: no failure.
    return 0 if manager.returncode in (130, 143) else manager.returncode


def _quoted(part: str) -> str:
    import shlex

    return shlex.quote(part)


def _greet(address: str, demo: bool) -> None:
    """Once the portal answers, make the demo's people and calls and say where to go."""
    deadline = time.monotonic() + _START_WITHIN_S
    while not _answers(address + "healthz"):
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)
    if demo:
        _manage("demo")
    sys.stdout.write(f"\n  Kallglot Portal is ready: {address}\n  Ctrl-C stops it.\n\n")
    sys.stdout.flush()
    if not demo:
        _check_key()


def _check_key() -> None:
    """Say what the API key may read; the portal serves already and waits for nothing."""
    command = [sys.executable, "manage.py", "check_key"]
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, check=False, timeout=_CHECK_WITHIN_S)  # noqa: S603  (our own words)


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
