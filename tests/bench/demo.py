"""The portal with the demo's people and calls, as `make run` shows it, for a browser's eyes.

`python -m tests.bench.demo` makes its database, with the portal's environment, and prints the
session cookie of a person.
"""

import io
import subprocess
import sys

import django

from recordings.simulator import Simulator
from recordings.simulator.data import DEMO_CALLS

from .processes import Failed, Program, free_port
from .stage import ROOT, Stage

PAGES = {"library": "/", "room": f"/sessions/{DEMO_CALLS[0].session_id}/"}
_PERSON = "rosa"


class Demo:
    """That portal on a free port; `cookie` is (name, value). `close` ends it."""

    def __init__(self, stage: Stage, vendor: Simulator) -> None:
        port = free_port()
        environment = stage.portal_environment("demo", "tests.bench.portal_settings") | {
            "KALLGLOT_API_URL": vendor.url,
            "KALLGLOT_API_KEY": vendor.key,
            "PORT": str(port),
        }
        self.url = f"http://127.0.0.1:{port}"
        self.cookie = _prepared(environment)
        command = [sys.executable, "-m", "gunicorn", "-c", "kallglot_portal/gunicorn.conf.py"]
        log = stage.scratch / "demo.log"
        self.program = Program(command, port, log, env=environment, cwd=ROOT)

    def close(self) -> None:
        self.program.end()


def _prepared(environment: dict[str, str]) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.demo"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(f"The demo's database cannot be made:\n{done.stderr[-2000:]}")
    name, _, value = done.stdout.strip().partition("=")
    return name, value


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    from recordings.models import Session
    from recordings.services import lanes, transcripts

    call_command("migrate", verbosity=0)
    call_command("collectstatic", "--no-input", verbosity=0)
    call_command("demo", stdout=io.StringIO())
    # What the worker would do meanwhile.
    for session in Session.objects.all():
        transcripts.fetch(session)
    for recording in Session.objects.get(kallglot_id=DEMO_CALLS[0].session_id).recordings.all():
        lanes.analyse(recording)
    browser = Client()
    browser.force_login(get_user_model().objects.get(username=_PERSON))
    name = settings.SESSION_COOKIE_NAME
    sys.stdout.write(f"{name}={browser.cookies[name].value}")


if __name__ == "__main__":
    main()
