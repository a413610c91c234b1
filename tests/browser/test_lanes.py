"""Waveforms: asked for while somebody may see them, drawn once a frame, no end of the sound."""

import re

import pytest
from playwright.sync_api import expect

from recordings.audio.waveform import pack

pytestmark = pytest.mark.browser

CALL = "sess_01HXYZ123456789"
PARCEL = f"/sessions/{CALL}/?t=0&channel=mixed"
WAVEFORM = re.compile("/waveform$")
WAIT_S = 120
# Of those that the player asked for.
FRAMES = "[...held.values()].filter((frame) => String(frame).includes('frame')).length"


def to_the_library(page):
    page.get_by_role("link", name="Library", exact=True).first.click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def to_the_call(page):
    page.get_by_role("row", name=CALL).locator(".row-link").click()
    expect(page.get_by_role("heading", name=re.compile("Call of"))).to_be_visible()


def test_nobody_asks_for_the_waveform_of_a_call_that_is_nowhere_shown(open_page):
    page = open_page("rosa")
    page.clock.install()
    asked = []

    def not_yet(route):
        asked.append(route.request.url)
        route.fulfill(status=202)

    page.route(WAVEFORM, not_yet)
    with page.expect_response(WAVEFORM):
        to_the_call(page)
    with page.expect_response(WAVEFORM):
        page.clock.run_for(WAIT_S * 1000)

    to_the_library(page)
    page.get_by_role("button", name="Close the player").click()
    expect(page.locator("#dock")).to_be_hidden()
    before = len(asked)
    for _ in range(3):
        page.clock.run_for(WAIT_S * 1000)
        page.evaluate("fetch('/healthz').then((answer) => answer.text())")

    assert len(asked) == before


def test_a_waveform_that_could_not_be_had_is_asked_for_again(open_page, complaints):
    page = open_page("rosa")
    page.route(WAVEFORM, lambda route: route.fulfill(status=404))
    to_the_call(page)
    expect(page.locator("[data-room-note]")).to_contain_text("There is no waveform")
    to_the_library(page)
    page.unroute(WAVEFORM)

    to_the_call(page)

    expect(page.locator("call-room .has-lanes")).to_be_visible()
    complaints.clear()


def test_the_waveform_of_half_a_file_does_not_end_the_call_there(open_page):
    page = open_page("rosa")
    half = pack([bytes(200)], [[(500, 4000)]], duration_ms=10_000)
    page.route(WAVEFORM, lambda route: route.fulfill(body=half))
    page.goto(f"/sessions/{CALL}/?t=0&channel=agent")
    expect(page.locator("call-room .has-lanes")).to_be_visible()

    page.evaluate("document.querySelector('call-room').seek(15)")
    page.keyboard.press("k")

    page.wait_for_function(
        "() => { const a = document.getElementById('dock-audio');"
        " return !a.paused && !a.seeking && a.readyState > 2 && a.currentTime > 0; }"
    )
    assert page.evaluate("document.querySelector('call-room').second") >= 15
    assert page.evaluate("document.querySelector('call-room').call.length") > 20


def test_the_length_beside_the_clock_is_what_the_waveform_tells(open_page):
    page = open_page("rosa")
    longer = pack([bytes(800)], [[(500, 4000)]], duration_ms=40_000)
    page.route(WAVEFORM, lambda route: route.fulfill(body=longer))

    page.goto(PARCEL)

    expect(page.locator(".room-clock")).to_have_text("0:00.0 of 0:40")


def test_pauses_in_a_hidden_tab_do_not_multiply_what_is_drawn(open_page):
    page = open_page("rosa", PARCEL)
    page.evaluate(
        """() => {
            // As in a hidden tab: frames are asked for, and come when it is shown.
            window.held = new Map();
            window.ends = 0;
            const clear = window.clearInterval;
            window.clearInterval = (id) => (ends++, clear(id));
            let last = 0;
            window.requestAnimationFrame = (frame) => (held.set(++last, frame), last);
            window.cancelAnimationFrame = (id) => held.delete(id);
        }"""
    )
    for n in range(1, 5):
        page.keyboard.press("k")
        page.wait_for_function(
            "at => document.getElementById('dock-audio').currentTime > at", arg=n / 2, polling=50
        )
        assert page.evaluate(FRAMES) == 1
        page.keyboard.press("k")
        # The player looks every tenth of a second whether it still plays.
        page.wait_for_function("n => ends >= n", arg=n, polling=50)

    assert page.evaluate(FRAMES) == 0
