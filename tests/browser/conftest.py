"""A real Chromium before the served portal; what it complains of fails the test.

Playwright's loop lives as long as this folder's tests run in a row: Django refuses the database to
a thread with a running loop, so no test in here uses the database of its own process.
"""

import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect, sync_playwright

from .known_calls import add_long_call
from .served import serving

# For what must come true: long, since a busy machine is no failure.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

CHROMIUM_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
)
_WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""


def chromium_path() -> str:
    """The same engine without windows if it is there: a page takes it a quarter of the time."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser"):
        if path := shutil.which(name):
            return path
    raise AssertionError("Chromium is missing: sudo apt-get install chromium-headless-shell")


@pytest.fixture(scope="session")
def portal(tmp_path_factory, static_files):
    """The portal that the tests share; a module may have one of its own under this name."""
    from django.conf import settings

    with serving(tmp_path_factory.mktemp("served"), settings.STATIC_ROOT) as served:
        yield served


@pytest.fixture(scope="session")
def long_call(portal):
    return add_long_call(portal)


@pytest.fixture(scope="package")
def chromium():
    """The one browser of this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def storage_states():
    """Cookies of those who signed in, by the portal's address and their name."""
    return {}


@pytest.fixture(scope="module")
def signed_in(chromium, portal, storage_states):
    """Cookies of a person who signed in: `signed_in("rosa")`; one sign-in per person and portal."""

    def state_of(name):
        if (portal.url, name) not in storage_states:
            context = chromium.new_context(base_url=portal.url)
            page = context.new_page()
            page.goto("/accounts/login/")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(portal.password)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Sign out").wait_for()
            storage_states[portal.url, name] = context.storage_state()
            context.close()
        return storage_states[portal.url, name]

    return state_of


@pytest.fixture
def complaints():
    """What the browser's console complained of; a test may take out what it provoked."""
    found = []
    yield found
    assert found == []


@pytest.fixture
def open_page(chromium, portal, signed_in, complaints):
    """Opens a page in a browser of its own: `open_page("rosa", "/", color_scheme="dark")`."""
    portal.begin_anew()
    contexts = []

    def opening(person, path="/", **options):
        state = signed_in(person) if person else None
        context = chromium.new_context(
            base_url=portal.url, storage_state=state, timezone_id="Europe/Berlin", **options
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield opening
    for context in contexts:
        context.close()


@pytest.fixture
def fault(portal):
    """A fault of the vendor for a while: `with fault("status", "/recordings", status=503):`."""

    @contextmanager
    def struck(kind, path="", **details):
        added = portal.vendor.faults.add(kind, path, **details)
        try:
            yield added
        finally:
            portal.vendor.faults.remove(added)

    return struck
