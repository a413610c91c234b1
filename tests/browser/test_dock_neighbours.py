"""Previous and next call in the dock: through the list that its call was found in."""

import re

import pytest
from playwright.sync_api import expect

from .noting import DESK, PLAYS
from .test_looks import PHONE, violations_by_theme

pytestmark = pytest.mark.browser

LIST = "/?channel=agent&sort=length"


def listed(page):
    """The calls of the library, and which of them can be played, in its order."""
    return page.locator("tr:has(.row-link)").evaluate_all(
        """rows => rows.map((row) => [
            row.querySelector(".row-link").pathname.split("/")[2],
            Boolean(row.querySelector("[data-play]")),
        ])"""
    )


def play(page, call):
    page.get_by_role("button", name=f"Play the call {call}").click()
    at_hand(page, call)
    page.wait_for_function(PLAYS)


def at_hand(page, call):
    expect(page.locator("#dock-call")).to_have_attribute("href", re.compile(f"/{call}/"))


def test_the_dock_goes_through_the_list_and_plays_on_without_leaving_the_page(open_page):
    page = open_page("rosa", LIST, viewport=DESK)
    calls = [call for call, plays in listed(page) if plays]
    play(page, calls[0])
    page.evaluate("window.untouched = true")

    for call in calls[1:3]:
        page.get_by_role("button", name="Next call of the list").click()
        at_hand(page, call)
        page.wait_for_function(PLAYS)
    page.get_by_role("button", name="Previous call of the list").click()

    at_hand(page, calls[1])
    page.wait_for_function(PLAYS)
    assert page.evaluate("untouched")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    expect(page.get_by_role("button", name=f"Play the call {calls[1]}")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.locator("#dock-call").click()
    expect(page.locator("dl.facts code")).to_have_text(calls[1])
    page.locator(".crumbs a").click()
    expect(page).to_have_url(re.compile(r"/\?channel=agent&sort=length$"))


def test_calls_without_sound_are_passed_over_and_told_of(open_page, complaints):
    page = open_page("rosa", LIST, viewport=DESK)
    calls = listed(page)
    before = next(n for n in range(len(calls) - 1) if calls[n][1] and not calls[n + 1][1])
    after = next((call for call, plays in calls[before + 1 :] if plays), None)
    play(page, calls[before][0])

    page.get_by_role("button", name="Next call of the list").click()

    expect(page.locator("#toast")).to_contain_text("without sound")
    at_hand(page, after or calls[before][0])
    # The browser tells every answer of that kind: 409, there is no sound.
    assert all("409" in complaint for complaint in complaints)
    complaints.clear()


def test_at_the_end_of_the_list_it_says_so(open_page):
    page = open_page("rosa", LIST, viewport=DESK)
    first = listed(page)[0]
    assert first[1]
    play(page, first[0])

    page.get_by_role("button", name="Previous call of the list").click()

    expect(page.locator("#toast")).to_have_text("This is the first call of the list.")
    at_hand(page, first[0])
    page.wait_for_function(PLAYS)


def test_the_room_goes_along_and_what_was_silent_stays_so(open_page):
    page = open_page("rosa", LIST, viewport=DESK)
    calls = [call for call, plays in listed(page) if plays]
    page.locator(f".row-link[href*={calls[0]}]").click()
    expect(page.locator("dl.facts code")).to_have_text(calls[0])

    page.get_by_role("button", name="Next call of the list").click()

    expect(page.locator("dl.facts code")).to_have_text(calls[1])
    expect(page.locator("[data-room-label]")).to_have_text("Play")
    assert "list=" in page.url
    assert page.evaluate("document.querySelector('call-room').isCurrent")


def test_after_a_full_load_the_list_is_still_known(open_page):
    page = open_page("rosa", LIST, viewport=DESK)
    calls = [call for call, plays in listed(page) if plays]
    play(page, calls[0])

    page.reload()
    at_hand(page, calls[0])
    page.get_by_role("button", name="Next call of the list").click()

    at_hand(page, calls[1])
    assert page.evaluate("document.getElementById('dock-audio').paused")


def test_on_a_phone_it_is_among_the_other_controls(open_page):
    page = open_page("rosa", LIST, viewport=PHONE)
    calls = [call for call, plays in listed(page) if plays]
    play(page, calls[0])
    expect(page.get_by_role("button", name="Next call of the list")).to_be_hidden()
    page.get_by_role("button", name="More controls").click()
    rules = ["target-size", "color-contrast", "button-name"]
    assert violations_by_theme(page, rules) == []

    page.get_by_role("button", name="Next call of the list").click()

    at_hand(page, calls[1])
