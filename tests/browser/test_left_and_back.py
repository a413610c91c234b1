"""Where the sound goes on: after Back, and after the dock was closed."""

import re

import pytest
from playwright.sync_api import expect

from .test_heard import plays_beyond

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
SOUND = "document.getElementById('dock-audio')"


def test_back_to_an_address_with_a_second_leaves_the_sound_where_it_is(open_page, long_call):
    page = open_page("rosa")
    page.get_by_role("button", name=f"Play the call {long_call}").click()
    plays_beyond(page, 0.3)
    page.locator("#dock-call").click()
    expect(page).to_have_url(re.compile(r"\?t="))
    expect(page.locator("call-room")).to_be_visible()
    page.evaluate("document.querySelector('call-room').seek(600)")
    page.get_by_role("button", name="Agent", exact=True).click()
    plays_beyond(page, 600)
    page.get_by_role("link", name="Library", exact=True).first.click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.evaluate(
        f"""() => {{
            window.jumps = 0;
            {SOUND}.addEventListener("seeking", () => jumps++);
            {SOUND}.addEventListener("loadstart", () => jumps++);
        }}"""
    )

    page.go_back()
    expect(page.locator("[data-room-label]")).to_have_text("Pause")
    page.go_forward()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.go_back()
    expect(page.locator("[data-room-time]")).to_have_text(re.compile("^10:"))

    assert page.evaluate("jumps") == 0
    assert page.evaluate(f"{SOUND}.currentTime") > 600


def test_a_link_to_a_second_is_followed_again_after_back(open_page):
    page = open_page("rosa", f"{PARCEL}?t=2&channel=mixed")
    page.get_by_role("link", name="Library", exact=True).first.click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.go_back()
    expect(page.locator("[data-room-time]")).to_have_text("0:02.0")
    page.evaluate("document.querySelector('call-room').seek(20)")

    page.evaluate(
        f"""htmx.ajax("GET", "{PARCEL}?t=5", {{ target: "#main", select: "#main",
            swap: "outerHTML", source: document.getElementById("dock-call") }})"""
    )

    expect(page.locator("[data-room-time]")).to_have_text("0:05.0")


def test_a_closed_call_goes_on_where_it_was_left(open_page):
    page = open_page("rosa", f"{PARCEL}?t=1")
    expect(page.locator("#dock")).to_be_visible()
    page.keyboard.press("k")
    plays_beyond(page, 1)
    page.get_by_role("button", name="Customer", exact=True).click()
    page.get_by_role("button", name="Forward 10 seconds").click()
    plays_beyond(page, 11.3)

    page.get_by_role("button", name="Close the player").click()
    left = page.evaluate("document.querySelector('call-room').second")
    assert 11.3 < left < 16
    expect(page.locator("[data-room-time]")).to_have_text(re.compile("^0:1[1-6]"))
    page.locator("[data-room=toggle]").click()

    plays_beyond(page, left)
    assert page.evaluate(f"{SOUND}.currentTime") < left + 5
    expect(page.locator("[data-voice=customer]")).to_have_attribute("aria-pressed", "true")


def test_a_room_loaded_anew_goes_on_where_it_was_not_where_its_address_says(open_page):
    page = open_page("rosa", f"{PARCEL}?t=2&channel=mixed")
    expect(page.locator("[data-room-time]")).to_have_text("0:02.0")
    page.evaluate("document.querySelector('call-room').seek(14)")

    page.reload()

    expect(page.locator("[data-room-time]")).to_have_text("0:14.0")
    expect(page.locator("#dock-elapsed")).to_have_text("0:14")
    page.goto(f"{PARCEL}?t=3&channel=mixed")
    expect(page.locator("[data-room-time]")).to_have_text("0:03.0")
