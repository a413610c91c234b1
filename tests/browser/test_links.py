"""Links to a second or a range; what their times may look like is tested in tests/javascript."""

import pytest
from playwright.sync_api import expect

from .noting import PARCEL, second

pytestmark = pytest.mark.browser

# The call lasts for 26.208 seconds.
TIMES = [
    ("t=8,5", 8.5, None),
    ("t=00:00:08,5&to=0:10", 8.5, [8.5, 10]),
    ("t=4&to=1:00:00", 4, [4, 26.208]),
    ("t=500&to=600", 26.208, None),
    ("t=NaN&to=5", 0, None),
    ("to=5", 0, None),
    ("t=3&channel=nobody", 3, None),
]


def test_a_link_takes_seconds_and_clocks_and_makes_the_best_of_nonsense(open_page):
    page = open_page("rosa", "/")
    for query, at, marked in TIMES:
        page.goto(f"{PARCEL}?{query}")
        expect(page.locator("call-room .lanes-strip.has-lanes")).to_be_visible()
        assert second(page) == pytest.approx(at, abs=0.01), query
        assert page.evaluate("document.querySelector('call-room').range ?? null") == marked, query


def test_a_copied_link_to_a_range_keeps_the_voice_and_stops_at_the_end(open_page):
    page = open_page("rosa", f"{PARCEL}?t=1&to=2&channel=customer")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("y")
    expect(page.locator("#toast")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url

    page.locator("[data-room=toggle]").click()

    page.wait_for_function(
        """() => {
            const audio = document.getElementById("dock-audio");
            return audio.paused && audio.currentTime > 1.9;
        }"""
    )
    assert second(page) == pytest.approx(2, abs=0.5)
    expect(page.locator("#dock [data-voice=customer]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-room-label]")).to_have_text("Play")
    page.locator("[data-room=toggle]").click()
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 3")
