"""Ranges of a call: looped to its very end, and only where they lie within it."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"


def test_a_range_to_the_end_of_the_call_is_looped(open_page):
    page = open_page("rosa", f"{PARCEL}?t=0&channel=mixed")
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    page.evaluate("(room => room.seek(room.call.length - 2))(document.querySelector('call-room'))")
    page.keyboard.press("[")
    page.keyboard.press("r")
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 0")
    page.evaluate(
        """() => {
            window.rounds = 0;
            document.getElementById("dock-audio").addEventListener("seeked", () => rounds++);
        }"""
    )

    page.wait_for_function("() => rounds > 1 && !document.getElementById('dock-audio').paused")
    expect(page.locator("#dock-state")).to_have_text("Looping")


@pytest.mark.parametrize("query", ["t=-9&to=-3", "t=500&to=600", "t=-9&to=0.1"])
def test_a_range_outside_of_the_call_is_none(query, open_page):
    page = open_page("rosa", f"{PARCEL}?{query}&channel=mixed")
    expect(page.locator("#dock")).to_be_visible()

    expect(page.locator("[data-room-range]")).to_be_hidden()
    assert page.evaluate("document.querySelector('call-room').range") is None
