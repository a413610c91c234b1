"""The bar below the waveform: all it does is at hand by one press, on a small screen too."""

import pytest
from playwright.sync_api import expect

from .test_looks import AXE, PHONE, violations

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
# A window of 1280 px at a zoom of 200 %, and a phone.
SMALL = [{"width": 640, "height": 900}, PHONE]


@pytest.fixture
def room(open_page):
    def opening(viewport, **options):
        page = open_page("rosa", f"{PARCEL}?t=5&channel=mixed", viewport=viewport, **options)
        expect(page.locator("call-room .lanes-strip.has-lanes")).to_be_visible()
        return page

    return opening


@pytest.mark.parametrize("viewport", SMALL)
def test_a_small_screen_zooms_too(viewport, room):
    page = room(viewport)
    marks = page.locator(".lanes-ruler span")
    expect(marks.first).to_be_visible()
    before = marks.all_text_contents()

    page.get_by_role("button", name="Zoom in").click()

    expect(marks).not_to_have_text(before)
    page.get_by_role("button", name="Zoom out").click()
    expect(marks).to_have_text(before)


@pytest.mark.parametrize("viewport", [*SMALL, {"width": 1440, "height": 900}])
def test_a_range_is_made_by_presses_alone(viewport, room):
    page = room(viewport)
    seek = "(second) => document.querySelector('call-room').seek(second)"

    page.get_by_role("button", name="Start here").click()
    page.evaluate(seek, 9)
    page.get_by_role("button", name="End here").click()

    expect(page.locator("[data-room-range-text]")).to_have_text("0:05.0 – 0:09.0")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_a_range_it_serves_everybody_on_a_phone(scheme, room):
    page = room({**PHONE, "height": 6000}, color_scheme=scheme)
    page.get_by_role("button", name="Start here").click()
    expect(page.get_by_role("button", name="Loop")).to_be_visible()
    page.evaluate(AXE)

    assert violations(page) == []
