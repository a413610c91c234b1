"""Row 14: what Lighthouse says of the library and of a room, by a person who is signed in."""

import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime

from playwright.sync_api import sync_playwright

from recordings.simulator import Simulator

from .demo import PAGES, Demo
from .figures import Result, median
from .processes import Failed, free_port
from .stage import Stage

# Later ones need a newer Node than most machines have.
PACKAGE = "lighthouse@12.8.2"
_RUNS = 3
# On a busy machine it may miss the beginning, and says so.
_ATTEMPTS = 3
_RUN_WITHIN_S = 180
_FORMS = {"desktop": ("--preset=desktop",), "phone": ()}
_CATEGORIES = {"performance": 95, "accessibility": 100, "best-practices": 100}
_TIMES = {
    "first paint": "first-contentful-paint",
    "largest paint": "largest-contentful-paint",
    "blocked": "total-blocking-time",
}
_SHIFT = "cumulative-layout-shift"


def row_14(stage: Stage) -> list[Result]:
    """`LIGHTHOUSE=/path/to/lighthouse` takes that program instead of asking npx for one."""
    program, lacks = _lighthouse()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        lacks = "Chromium is not installed"
    if lacks:
        return [Result(14, "Lighthouse", "", f"not run: {lacks}", None)]
    with Simulator(epoch=datetime.now(UTC)) as vendor:
        demo = stage.keep(Demo(stage, vendor))
        try:
            return _rows(program, chromium, demo)
        finally:
            stage.let_go(demo)


def _lighthouse() -> tuple[list[str], str]:
    """The command, and why there is none."""
    if given := os.environ.get("LIGHTHOUSE"):
        return [given], ""
    if not shutil.which("npx"):
        return [], "Node.js (npx) is not installed"
    command = ["npx", "--yes", PACKAGE]
    tried = subprocess.run([*command, "--version"], capture_output=True, check=False)
    return command, "" if tried.returncode == 0 else f"npx cannot get {PACKAGE}"


def _rows(program: list[str], chromium: str, demo: Demo) -> list[Result]:
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as profile,
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"],
        ) as browser,
    ):
        # In the browser itself: as an extra header it would be lost where a page sets cookies.
        name, value = demo.cookie
        browser.add_cookies([{"name": name, "value": value, "url": demo.url}])
        return [
            _row(page, form, [_audited(program, demo.url + path, port, form) for _ in range(_RUNS)])
            for page, path in PAGES.items()
            for form in _FORMS
        ]


def _audited(program: list[str], url: str, port: int, form: str) -> dict:
    only = f"--only-categories={','.join(_CATEGORIES)}"
    command = [*program, url, "--quiet", "--output=json", f"--port={port}", only, *_FORMS[form]]
    for _ in range(_ATTEMPTS):
        done = subprocess.run(command, capture_output=True, check=False, timeout=_RUN_WITHIN_S)
        if done.returncode == 0:
            return json.loads(done.stdout)
    raise Failed(f"Lighthouse broke off:\n{done.stderr.decode()[-2000:]}")


def _row(page: str, form: str, reports: list[dict]) -> Result:
    scores = {
        name: median([100 * (report["categories"][name]["score"] or 0) for report in reports])
        for name in _CATEGORIES
    }
    audits = [report["audits"] for report in reports]
    times = {
        name: median([audit[key]["numericValue"] for audit in audits])
        for name, key in _TIMES.items()
    }
    shift = median([audit[_SHIFT]["numericValue"] for audit in audits])
    return Result(
        14,
        f"Lighthouse {reports[0]['lighthouseVersion']}, {page} on a {form}: "
        + ", ".join(_CATEGORIES).replace("-", " "),
        ", ".join(f"{'≥ ' if least < 100 else ''}{least}" for least in _CATEGORIES.values()),
        ", ".join(f"{score:.0f}" for score in scores.values())
        + " ("
        + ", ".join(f"{name} {time:.0f} ms" for name, time in times.items())
        + f", layout shift {shift:.3f}; medians of {_RUNS} runs)",
        all(scores[name] >= least for name, least in _CATEGORIES.items()),
    )
