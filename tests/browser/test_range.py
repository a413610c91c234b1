"""A range that reaches to the very end of the call."""

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
