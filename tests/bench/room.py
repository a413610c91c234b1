"""`python -m tests.bench.room`: an hour-long call in Chromium, in figures.

Runs with the environment of a portal of the bench. Starts the portal as the browser tests do,
before the simulated vendor, opens the call, plays it for a while, and prints what it took.
"""

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Page, sync_playwright

from recordings.simulator import Simulator

ROOM = "/sessions/sess_01KE5EADYFEVMFSM63BRRZ1SZT/?t=100&channel=agent"
TICKET = "T-4555"
PLAYED_S = 20
_PATIENCE_MS = 60_000
_CHROMIUM = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
# When the room can be used, and when its waveform is drawn: since the page was asked for.
_WATCH = """
window.marks = {};
const look = () => {
  const room = document.querySelector("call-room");
  if (room?.call && document.querySelector(".turn")) marks.usable ??= performance.now();
  if (document.querySelector("call-room .has-lanes")) marks.drawn ??= performance.now();
  if (!marks.drawn || !marks.usable) requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
_WAVEFORMS = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => name.endsWith("/waveform"))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""
_AT = "document.getElementById('dock-audio').currentTime"


def measure(page: Page) -> dict:
    """The figures of the room, times in milliseconds and sizes in bytes."""
    page.add_init_script(_WATCH)
    # Twice: the first time the browser and the server have everything to fetch and to compile.
    for _ in range(2):
        page.goto(ROOM)
        page.wait_for_function("() => marks.drawn && marks.usable", timeout=_PATIENCE_MS)
    found = page.evaluate("marks")
    found["waveforms"] = page.evaluate(_WAVEFORMS)
    page.wait_for_load_state("networkidle")
    page.locator("[data-room=toggle]").click()
    page.wait_for_function(f"() => {_AT} > 101", timeout=_PATIENCE_MS)
    heap = page.context.new_cdp_session(page)
    before = _heap(heap)
    started = page.evaluate(_AT)
    page.context.browser.start_tracing(page=page, categories=["toplevel"])
    page.wait_for_timeout(PLAYED_S * 1000)
    tasks = _tasks(json.loads(page.context.browser.stop_tracing())["traceEvents"])
    played = page.evaluate(_AT) - started
    if played < PLAYED_S * 0.8:
        raise SystemExit(f"The call played only {played:.0f} of {PLAYED_S} seconds.")
    for name, kind in (("longest", "tdur"), ("longest_by_the_clock", "dur")):
        found[name] = max(task.get(kind, 0) for task in tasks) / 1000
    return found | {"heap": before, "grown": _heap(heap) - before}


def _tasks(events: list[dict]) -> list[dict]:
    """The tasks of the page's own thread.

    Each has its microseconds by the clock (`dur`) and of a processor (`tdur`): on a busy machine
    the former tell of the others.
    """
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event
        for event in events
        if event["name"].endswith("RunTask")
        and event.get("ph") == "X"
        and (event["pid"], event["tid"]) in threads
    ]


def _heap(session) -> int:
    """Bytes of JavaScript objects that are in use."""
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"]


def main() -> None:
    django.setup()
    # Late: what it imports asks Django for models.
    from tests.browser.served import ServedPortal

    call_command("collectstatic", "--no-input", verbosity=0)
    folder = Path(tempfile.mkdtemp(dir=settings.STATIC_ROOT.parent))
    with Simulator(epoch=datetime.now(UTC)) as vendor, sync_playwright() as playwright:
        portal = ServedPortal(folder, vendor, settings.STATIC_ROOT)
        try:
            portal.start()
            portal.look_through(TICKET)
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=list(_CHROMIUM)
            )
            page = browser.new_page(base_url=portal.url)
            page.goto("/accounts/login/")
            page.get_by_label("Name").fill("rosa")
            page.get_by_label("Password").fill(portal.password)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Sign out").wait_for()
            sys.stdout.write(json.dumps(measure(page)))
            browser.close()
        finally:
            portal.stop()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
