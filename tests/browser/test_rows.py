"""The play buttons of rows: what was pressed last plays."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CALLS = ("sess_01HXYZ123456789", "sess_01KE5EADYFEVMFSM63BRRZ1SZT")


def test_of_two_rows_pressed_quickly_the_later_one_plays(open_page):
    page = open_page("rosa")
    slow, quick = CALLS
    held = []
    page.route(re.compile(f"/{slow}/listening$"), lambda route: held.append(route))

    page.get_by_role("button", name=f"Play the call {slow}").click()
    page.get_by_role("button", name=f"Play the call {quick}").click()
    at_hand = page.locator("#dock-call")
    expect(at_hand).to_have_attribute("href", re.compile(quick))
    assert len(held) == 1
    with page.expect_response(re.compile(f"/{slow}/listening$")) as answered:
        held[0].continue_()
    answered.value.finished()
    # Whatever the page makes of the answer is done before the next frame but one.
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    expect(at_hand).to_have_attribute("href", re.compile(quick))
    page.wait_for_function("() => !document.getElementById('dock-audio').paused")
