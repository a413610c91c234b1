"""In odd files, too, what is heard is what the clock, the notes and the waveform name."""

import pytest

from . import drivers
from .clock_and_sound import LISTEN, RESULT, calls_of, check, files, given
from .test_other_browsers import sign_in

pytestmark = pytest.mark.browser
# A browser lets a page make sound after the first click in it.
BEGIN = """
document.addEventListener("click", () => {
  window.listening = new AudioContext({ sampleRate: arguments[0] });
  window.listening.resume();
}, { once: true, capture: true });
"""


@pytest.fixture
def calls(portal):
    """The vendor's calls with the files, and the address of each file's audio."""
    made, addresses = calls_of(files())
    for call in made:
        portal.vendor.add_call(call)
    return " ".join(call.id for call in made), addresses


def test_in_chromium(open_page, calls):
    ids, addresses = calls
    page = open_page("leo")
    page.get_by_label("Open calls").fill(ids)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/open")
    script = f"(...given) => {{ (function () {{ {LISTEN} }})(...given); }}"

    def hear(name, content):
        page.evaluate(script, given(addresses[name], content))
        return page.wait_for_function("() => window.hearing.done && window.hearing").json_value()

    check(hear)


def test_in_firefox(portal, calls, tmp_path):
    ids, addresses = calls
    portal.begin_anew()
    with drivers.driving("Firefox", tmp_path / "home") as browser:
        sign_in(browser, portal)
        browser.type("[name=ids]", ids)
        browser.click(".open-calls [type=submit]")
        browser.wait("return location.pathname === '/sessions/open'")
        browser.run(BEGIN, 8000)
        browser.click("h1")
        browser.wait("return window.listening?.state === 'running'")

        def hear(name, content):
            browser.run(LISTEN, given(addresses[name], content))
            return browser.wait(RESULT)

        check(hear)
