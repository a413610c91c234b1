"""Loops where there is little to hear: short ones, silence, and the gap of a paused call."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from .test_heard import plays_beyond
from .test_paused_call import PAUSED

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
# How far each round went, and how often something else than silence was looked for.
COUNT = """() => {
    const audio = document.getElementById("dock-audio");
    Object.assign(window, { rounds: [], seeks: 0 });
    let far = 0;
    const look = () => {
      if (!audio.paused && !audio.seeking) far = Math.max(far, audio.currentTime);
      setTimeout(look, 2);
    };
    look();
    audio.addEventListener("seeking", () => {
      seeks += 1;
      if (far) rounds.push(far);
      far = 0;
    });
}"""


def open_loop(open_page, path):
    page = open_page("rosa", path)
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    page.evaluate(COUNT)
    return page


@pytest.mark.timed
def test_a_short_loop_ends_where_it_was_told_at_any_speed(open_page):
    page = open_loop(open_page, f"{PARCEL}?t=5&to=5.3&channel=mixed")
    for _ in range(20):
        page.get_by_role("button", name="Faster").click()
    expect(page.locator("#dock-rate")).to_have_text("3.0×")

    page.locator("[data-room=loop]").click()
    page.wait_for_function("() => rounds.length > 12")

    # On a busy machine one or the other is noticed late.
    usual = sorted(page.evaluate("rounds"))[6]
    assert 5.2 < usual < 5.4
    page.keyboard.press("=")


def test_a_loop_of_silence_is_played_though_silence_is_skipped(open_page):
    page = open_loop(open_page, f"{PARCEL}?t=0.2&to=2.2&channel=customer")
    page.get_by_role("button", name=re.compile("Skip silence .0:")).click()

    page.locator("[data-room=loop]").click()
    plays_beyond(page, 1.5)
    page.wait_for_function("() => rounds.length > 0 && rounds.at(-1) > 2")

    assert page.evaluate("Math.max(...rounds)") < 2.5
    assert page.evaluate("seeks") < 6


def test_a_loop_that_ends_in_silence_begins_anew_there(open_page):
    page = open_loop(open_page, f"{PARCEL}?t=0&channel=customer")
    spans = page.evaluate(
        """document.querySelector("call-room").call.lanes
            .find(({ name }) => name === "customer").spans"""
    )
    # The last words before a long silence, and some of that.
    end = next(b for (_, b), (a, _) in pairwise(spans) if a - b > 3)
    page.goto(f"{PARCEL}?t={end - 1:.1f}&to={end + 2:.1f}&channel=customer")
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    page.evaluate(COUNT)
    page.get_by_role("button", name=re.compile("Skip silence .0:")).click()

    page.locator("[data-room=loop]").click()
    page.wait_for_function("() => rounds.length > 2")

    # Neither the silence nor what follows it.
    assert max(page.evaluate("rounds")) < end + 1
    expect(page.locator("#dock-state")).to_have_text("Looping")


def test_a_range_without_sound_is_not_looped(open_page):
    page = open_loop(open_page, PAUSED)
    (start, end) = page.evaluate("document.querySelector('call-room').call.gaps()")[0]
    page.goto(f"{PAUSED}?t={start + 2:.1f}&to={end - 2:.1f}")
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    page.evaluate(COUNT)
    loop = page.locator("[data-room=loop]")

    loop.click()

    expect(page.locator("#toast")).to_have_text("There is no sound in this range.")
    expect(loop).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("k")
    plays_beyond(page, 1)
    assert page.evaluate("seeks") < 3
