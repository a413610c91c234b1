"""Follow keeps the turn that plays where it is seen, above the dock, and moves nobody's page."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
LAPTOP = {"width": 1366, "height": 768}
ABOVE_THE_DOCK = """() => {
  const box = document.querySelector(".turn[aria-current]")?.getBoundingClientRect();
  if (!box) return false;
  const { top, bottom } = box;
  return top >= 0 && bottom <= document.getElementById("dock").getBoundingClientRect().top + 1;
}"""


@pytest.fixture
def room(open_page):
    def opening(second, **options):
        page = open_page(
            "rosa",
            f"{PARCEL}?t={second}&channel=mixed",
            **{"viewport": LAPTOP, "reduced_motion": "reduce"} | options,
        )
        expect(page.locator("#dock .has-lanes")).to_be_visible()
        # The first page of a call may come before its transcript.
        expect(current(page)).to_be_visible()
        return page

    return opening


def current(page):
    return page.locator(".turn[aria-current]")


def test_on_a_laptop_the_last_turns_are_above_the_dock(room):
    page = room(1)
    expect(current(page)).to_contain_text("Customer support")
    assert page.evaluate("scrollY") == 0

    for digit in "3579":
        page.keyboard.press(digit)
        page.wait_for_function(ABOVE_THE_DOCK)
    assert page.evaluate("scrollY") > 0
    page.keyboard.press("1")
    expect(current(page)).to_contain_text("Customer support")
    page.wait_for_function(ABOVE_THE_DOCK)


def test_a_link_to_a_late_second_shows_its_turn(room):
    page = room(24)

    expect(current(page)).to_contain_text("Vielen Dank")
    page.wait_for_function(ABOVE_THE_DOCK)
    expect(page.locator("call-room .lanes-zoom")).to_be_in_viewport()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_dock_does_not_cover_the_turn_when_it_appears_last(room, motion):
    page = room(1, reduced_motion=motion)
    held = []
    page.route(re.compile(r"/player/transcript\.[^/]*js"), lambda route: held.append(route))
    page.goto(f"{PARCEL}?t=24&channel=mixed", wait_until="commit")
    expect(page.locator("call-room .lanes-strip.has-lanes")).to_be_visible()
    expect(page.locator("#dock")).to_be_hidden()

    held[
        0
    ].continue_()  # the waveform is there: nothing but the dock changes after the turn is shown

    page.wait_for_function(ABOVE_THE_DOCK)


def test_a_timeline_that_grows_does_not_push_the_turn_below_the_dock(room):
    page = room(24)
    page.wait_for_function(ABOVE_THE_DOCK)

    page.evaluate("document.querySelector('[data-room-note]').textContent = 'Long. '.repeat(200)")

    page.wait_for_function(ABOVE_THE_DOCK)
    page.evaluate("document.querySelector('[data-room-note]').textContent = ''")
    page.wait_for_function(ABOVE_THE_DOCK)


def test_who_reads_elsewhere_on_the_page_stays_there(room):
    page = room(1)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    at = page.evaluate("scrollY")
    assert at > 400

    page.keyboard.press("9")
    expect(current(page)).to_have_attribute("data-speaker", "customer")
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    assert page.evaluate("scrollY") == at


def test_the_way_back_is_above_the_dock(room):
    page = room(1)
    page.mouse.move(400, 620)  # on the turns, without scrolling to them
    page.mouse.wheel(0, 5)

    back = page.get_by_role("button", name="Back to now")
    expect(back).to_be_visible()
    box, dock = back.bounding_box(), page.locator("#dock").bounding_box()
    assert box["y"] + box["height"] <= dock["y"]
    back.click()
    page.wait_for_function(ABOVE_THE_DOCK)
