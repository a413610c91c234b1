"""Definitions of measurements: shown by the pointer or the focus, and gone by Escape."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"


@pytest.fixture
def term(open_page):
    page = open_page("rosa", PARCEL, viewport={"width": 1440, "height": 1200})
    return page.locator(".term").nth(4)


def test_escape_hides_what_the_focus_shows_and_the_focus_stays(term):
    text = term.locator(".term-text")
    term.focus()
    expect(text).to_be_visible()

    term.press("Escape")

    expect(text).to_be_hidden()
    expect(term).to_be_focused()
    term.page.keyboard.press("Tab")
    term.page.keyboard.press("Shift+Tab")
    expect(text).to_be_visible()


def test_escape_hides_what_the_pointer_shows(term):
    text = term.locator(".term-text")
    term.hover()
    expect(text).to_be_visible()

    term.page.keyboard.press("Escape")

    expect(text).to_be_hidden()
    term.page.mouse.move(0, 0)
    term.hover()
    expect(text).to_be_visible()


def test_the_pointer_may_move_onto_it(term):
    text = term.locator(".term-text")
    term.hover()
    expect(text).to_be_visible()
    shown, box = term.bounding_box(), text.bounding_box()

    x = shown["x"] + shown["width"] / 2
    bottom = box["y"] + box["height"]
    for y in range(round(shown["y"]), round(bottom) - 10, -1):
        term.page.mouse.move(x, y)
        expect(text).to_be_visible()
