"""The bar below the waveform: all it does is at hand by one press, on a small screen too."""

import pytest
from playwright.sync_api import expect

from .test_looks import PHONE, violations_by_theme

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
# A window of 1280 px at a zoom of 200 %, and a phone.
SMALL = [{"width": 640, "height": 900}, PHONE]


@pytest.fixture
def room(open_page):
    def opening(viewport):
        page = open_page("rosa", f"{PARCEL}?t=5&channel=mixed", viewport=viewport)
        expect(page.locator("call-room .lanes-strip.has-lanes")).to_be_visible()
        return page

    return opening


def test_a_small_screen_zooms_too(room):
    for viewport in SMALL:
        page = room(viewport)
        marks = page.locator(".lanes-ruler span")
        expect(marks.first).to_be_visible()
        before = marks.all_text_contents()

        page.get_by_role("button", name="Zoom in").click()

        expect(marks).not_to_have_text(before)
        page.get_by_role("button", name="Zoom out").click()
        expect(marks).to_have_text(before)


def test_a_range_is_made_by_presses_alone(room):
    page = room(SMALL[0])
    seek = "(second) => document.querySelector('call-room').seek(second)"
    for viewport in (*SMALL, {"width": 1440, "height": 900}):
        page.set_viewport_size(viewport)
        page.evaluate(seek, 5)
        page.get_by_role("button", name="Start here").click()
        page.evaluate(seek, 9)
        page.get_by_role("button", name="End here").click()

        expect(page.locator("[data-room-range-text]")).to_have_text("0:05.0 – 0:09.0")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        page.get_by_role("button", name="Clear").click()


def test_with_a_range_it_serves_everybody_on_a_phone(room):
    page = room({**PHONE, "height": 6000})
    page.get_by_role("button", name="Start here").click()
    expect(page.get_by_role("button", name="Loop")).to_be_visible()

    assert violations_by_theme(page) == []
