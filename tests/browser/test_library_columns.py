"""Measurements as columns of the library: chosen by a menu, kept, and never wider than the page."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call, noise

from .test_looks import PHONE, violations, violations_by_theme

pytestmark = pytest.mark.browser

DESK = {"viewport": {"width": 1440, "height": 900}}
LABELS = ["Longest silence", "Both at once", "Agent's talk"]


def measures(page):
    texts = page.locator("th.measure").all_inner_texts()
    return [" ".join(text.replace("↓", "").replace("↑", "").split()) for text in texts]


def choose(page, label):
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
        page.get_by_label(label, exact=True).click()
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)


def test_columns_are_chosen_from_a_menu_that_stays_open_and_are_kept(open_page):
    page = open_page("leo", "/", **DESK)
    page.locator("#columns summary").click()
    for label in LABELS:
        choose(page, label)
        expect(page.get_by_label(label, exact=True)).to_be_focused()
        expect(page.get_by_label(label, exact=True)).to_be_checked()
    assert measures(page) == LABELS

    page.reload()
    assert measures(page) == LABELS
    page.locator("#columns summary").click()
    choose(page, LABELS[1])
    assert measures(page) == [LABELS[0], LABELS[2]]


def test_what_stands_over_the_table_stands_together_at_its_right(open_page):
    page = open_page("leo", "/", **DESK)
    page.locator(".table-tools").wait_for()

    edges = page.locator(".table-tools > :not([role=status], [hidden])").evaluate_all(
        "parts => parts.map((part) => part.getBoundingClientRect()).map((r) => [r.left, r.right])"
    )
    table = page.locator(".table-frame").evaluate("frame => frame.getBoundingClientRect().right")

    assert len(edges) == 4
    assert abs(edges[-1][1] - table) < 2
    assert all(0 < after[0] - before[1] < 20 for before, after in pairwise(edges))


def test_a_typed_bound_leaves_calls_shows_the_column_and_is_a_chip(open_page):
    page = open_page("leo", "/", **DESK)
    page.get_by_text("More filters").click()

    page.get_by_label("Agent's talk, %, at least").fill("58")

    chip = page.get_by_role("link", name="Remove the filter Agent's talk, %, at least: 58")
    expect(chip).to_be_visible()
    assert measures(page) == ["Agent's talk"]
    shares = page.locator('td[data-label="Agent\'s talk"]').all_inner_texts()
    assert shares
    assert all(int(share.split()[0]) >= 58 for share in shares)
    expect(page).to_have_url(f"{page.url.split('?')[0]}?talk_min=58")
    chip.click()
    expect(page.locator("th.measure")).to_have_count(0)


def test_with_all_columns_nothing_sticks_out_and_everybody_can_use_it(open_page):
    page = open_page("leo", "/?silence_min=0&sort=-talk", **DESK)
    page.locator("#columns summary").click()
    choose(page, LABELS[1])

    frame = page.locator(".table-frame")
    assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")
    assert violations_by_theme(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size({**PHONE, "height": 6000})
    assert violations(page, ["color-contrast", "target-size"]) == []


def test_no_word_without_end_makes_the_page_wider(open_page, portal):
    call = make_call("sess_wide", {"mixed": noise(3000)}, metadata={"from": "W" * 300})
    portal.vendor.add_call(call)
    page = open_page("leo", "/", **DESK)
    page.get_by_label("Open calls").fill("sess_wide")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/sess_wide/*")

    for path in ("/", f"/?q={'x' * 300}&min=-1", f"/?lang={'x' * 80}&mode={'x' * 80}"):
        page.goto(path)
        page.locator("#calls").wait_for()
        for size in (DESK["viewport"], PHONE):
            page.set_viewport_size(size)
            beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert beyond <= 0, (path, size)
