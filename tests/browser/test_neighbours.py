"""Going through a list of calls from room to room, while another call plays on."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARCEL = "sess_01HXYZ123456789"
PLAYS = "() => { const a = document.getElementById('dock-audio'); return !a.paused && !a.error; }"


def shown(page):
    """The call of the room one is in."""
    return re.search(r"/sessions/([^/]+)/", page.url)[1]


def go(page, how, expected):
    how()
    expect(page).to_have_url(re.compile(f"/sessions/{expected}/"))
    expect(page.locator("dl.facts code")).to_have_text(expected)


def test_buttons_and_keys_go_through_the_list_one_came_from_and_the_sound_goes_on(
    open_page, long_call
):
    page = open_page("rosa", "/?channel=agent&sort=length")
    listed = page.locator(".row-link").evaluate_all(
        "links => links.map((link) => link.pathname.split('/')[2])"
    )
    assert len(listed) > 4
    page.get_by_role("button", name=f"Play the call {long_call}").click()
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 0.2")
    page.evaluate("window.untouched = true")

    go(page, page.locator(".row-link").first.click, listed[0])
    go(page, page.get_by_role("link", name="Next call").click, listed[1])
    go(page, lambda: page.keyboard.press("Shift+N"), listed[2])
    go(page, lambda: page.keyboard.press("Shift+P"), listed[1])
    go(page, page.get_by_role("link", name="Previous call").click, listed[0])
    assert page.evaluate(PLAYS)
    go(page, page.go_back, listed[1])

    assert page.evaluate(PLAYS)
    assert page.evaluate("window.untouched")
    page.locator("#dock-call").click()
    expect(page).to_have_url(re.compile(rf"/{long_call}/\?t=[\d.]+&list=channel%3Dagent%26sort"))
    page.get_by_role("navigation", name="Other calls").wait_for()
    page.locator(".crumbs a").click()
    expect(page).to_have_url(re.compile(r"/\?channel=agent&sort=length$"))


# Presses a link in the very moment in which it is put into the page.
PRESS_AT_ONCE = """
new MutationObserver((_, observer) => {
  const link = document.querySelector("[data-neighbour=next]");
  if (!link) return;
  observer.disconnect();
  link.click();
}).observe(document.body, { childList: true, subtree: true });
"""


def test_a_link_pressed_the_moment_it_is_there_leaves_the_sound_alone(open_page, long_call):
    page = open_page("rosa", "/?channel=agent&sort=length")
    page.get_by_role("button", name=f"Play the call {long_call}").click()
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 0.2")
    second = page.locator(".row-link").nth(1).evaluate("link => link.pathname.split('/')[2]")
    page.evaluate("window.untouched = true")
    page.evaluate(PRESS_AT_ONCE)

    go(page, page.locator(".row-link").first.click, second)

    assert page.evaluate("window.untouched")
    assert page.evaluate(PLAYS)


def test_at_the_end_the_key_says_why_nothing_happens(open_page):
    # Not among all calls: the first may be another test's, without agent and transcript.
    page = open_page("rosa", "/?channel=agent&sort=length")
    page.locator(".row-link").first.click()
    end = page.locator("[data-neighbour=previous]")
    expect(end).to_have_attribute("aria-disabled", "true")
    here = shown(page)

    page.keyboard.press("Shift+P")

    expect(page.locator("#toast")).to_have_text("This is the first call of the list.")
    assert shown(page) == here


def test_a_copied_link_is_free_of_the_list(open_page, portal):
    page = open_page("rosa", f"/sessions/{PARCEL}/?list=channel%3Dagent&t=3")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.keyboard.press("y")

    expect(page.locator("#toast")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{portal.url}/sessions/{PARCEL}/?t=3&channel=mixed"


def test_the_keys_are_in_the_list_and_are_typed_where_one_types(open_page):
    page = open_page("rosa", f"/sessions/{PARCEL}/")
    page.keyboard.press("?")
    row = page.get_by_role("row", name="Previous or next call of the list")
    expect(row).to_contain_text("Shift+P N")
    page.keyboard.press("Escape")

    page.keyboard.press("/")
    page.keyboard.press("Shift+N")

    field = page.get_by_role("searchbox", name="Search in the transcript")
    expect(field).to_have_value("N")
    assert shown(page) == PARCEL
