"""The dock on screens of all widths: two rows at most, and every control within reach."""

import re

import pytest
from playwright.sync_api import expect

from .test_looks import PHONE, violations_by_theme

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/?t=0&channel=mixed"
MOST_PX = 100
BEHIND = ["#dock [data-voice]", "#dock [data-do=slower]", "#dock-skip", "#dock-volume"]


@pytest.fixture
def dock(open_page):
    def opening(width, **options):
        page = open_page("rosa", PARCEL, viewport={**PHONE, "width": width}, **options)
        expect(page.locator("#dock .has-lanes")).to_be_visible()
        return page

    return opening


def rows(page):
    """The heights at which the dock's controls and its timeline stand."""
    middles = page.locator(".dock-row").evaluate(
        """(row) => [...row.querySelectorAll("button, input, .dock-timeline")]
            .filter((element) => element.checkVisibility({ opacityProperty: true }))
            .map((element) => element.getBoundingClientRect())
            .map(({ top, bottom }) => (top + bottom) / 2)"""
    )
    found = []
    for middle in sorted(middles):
        if not found or middle - found[-1] > 10:
            found.append(middle)
    return found


def test_at_any_width_it_is_two_rows_at_most_and_its_strip_and_title_can_be_used(dock):
    page = dock(1600)
    title = page.locator("#dock-call")
    expect(title).to_have_text("+491711234567")

    for width in (1600, 1440, 1366, 1350, 1344, 1300, 1280, 1024, 768, 390, 360):
        page.set_viewport_size({**PHONE, "width": width})
        assert len(rows(page)) == (1 if width >= 1350 else 2), width
        assert page.locator("#dock").bounding_box()["height"] <= MOST_PX, width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width >= 1024:
            assert page.locator(".dock-strip").bounding_box()["width"] >= 240, width
        if width >= 1350:
            whole = "(link) => link.scrollWidth <= link.clientWidth"
            assert title.evaluate(whole), f"the customer's number is cut off at {width}"


def test_on_a_phone_the_other_controls_are_behind_a_button(dock):
    page = dock(PHONE["width"], has_touch=True)
    more = page.get_by_role("button", name="More controls")
    expect(more).to_have_attribute("aria-expanded", "false")
    for name in BEHIND:
        expect(page.locator(name).first).to_be_hidden()

    more.tap()

    expect(more).to_have_attribute("aria-expanded", "true")
    for name in BEHIND:
        expect(page.locator(name).first).to_be_visible()
    skip = page.get_by_role("button", name=re.compile("^Skip silence .0:"))
    skip.tap()
    expect(skip).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Agent", exact=True).tap()
    page.get_by_role("button", name="Faster").tap()
    expect(page.locator("#dock-choices")).to_have_text("agent alone, 1.1×, no silence")

    page.keyboard.press("Escape")
    expect(page.locator("#dock-skip")).to_be_hidden()
    expect(more).to_be_focused()
    assert page.locator("#dock").bounding_box()["height"] <= MOST_PX


def test_targets_are_large_enough_for_a_thumb(dock):
    page = dock(PHONE["width"])
    page.get_by_role("button", name="More controls").click()

    boxes = page.locator("#dock button:visible").evaluate_all(
        "all => all.map((b) => [b.getBoundingClientRect().width, b.getBoundingClientRect().height])"
    )

    assert len(boxes) >= 13
    assert all(width >= 44 and height >= 40 for width, height in boxes)


def test_where_the_row_is_full_the_volume_stands_above_its_button(dock):
    page = dock(1440)
    slider, mute = page.locator("#dock-volume"), page.get_by_role("button", name="Mute")
    expect(slider).to_have_css("opacity", "0")

    mute.hover()
    expect(slider).to_have_css("opacity", "1")
    box, below = slider.bounding_box(), mute.bounding_box()
    assert box["y"] + box["height"] <= below["y"] + 1
    slider.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert page.evaluate("document.getElementById('dock-audio').volume") == pytest.approx(
        0.5, abs=0.1
    )
    page.mouse.move(10, 10)
    expect(slider).to_have_css("opacity", "1")
    slider.press("Shift+Tab")
    expect(mute).to_be_focused()
    mute.press("Tab")
    expect(slider).to_be_focused()
    page.locator("#dock-call").focus()
    expect(slider).to_have_css("opacity", "0")


def test_it_serves_everybody_on_a_phone(dock):
    page = dock(PHONE["width"])
    page.set_viewport_size({**PHONE, "height": 3000})
    page.get_by_role("button", name="More controls").click()

    assert violations_by_theme(page) == []


@pytest.mark.parametrize(("place", "next_focus"), [(PARCEL, "[data-room=toggle]"), ("/", "#main")])
def test_who_closes_it_by_key_goes_on_in_the_page(place, next_focus, open_page):
    page = open_page("rosa", PARCEL)
    expect(page.locator("#dock")).to_be_visible()
    if place == "/":
        page.get_by_role("link", name="Library", exact=True).first.click()
        expect(page.get_by_role("heading", name="Library")).to_be_visible()

    close = page.get_by_role("button", name="Close the player")
    close.focus()
    close.press("Enter")

    expect(page.locator("#dock")).to_be_hidden()
    expect(page.locator(next_focus)).to_be_focused()
