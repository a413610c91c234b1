"""A voice that becomes ready while somebody listens to the others: the player has it at once."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call

from .test_journeys import NEXT_LOOK_MS
from .test_player import click_track

pytestmark = pytest.mark.browser

CALL = "sess_one_after_the_other"
WAV = {"mixed": "wav"}


def with_mixed(call, status):
    return replace(
        call,
        recordings=tuple(
            replace(recording, status=status) if recording.channel == "mixed" else recording
            for recording in call.recordings
        ),
    )


def test_a_voice_that_becomes_ready_is_there_without_opening_the_call_anew(open_page, portal):
    audio = {channel: click_track() for channel in ("mixed", "agent", "customer")}
    call = make_call(CALL, audio, duration=40, formats=WAV)
    portal.vendor.add_call(with_mixed(call, "processing"))
    page = open_page("rosa")
    page.clock.install()
    page.get_by_label("Open calls").fill(CALL)
    page.keyboard.press("Enter")
    both = page.locator("#dock [data-voice=mixed]")
    note = page.locator("[data-room-note]")
    expect(both).to_be_disabled()
    expect(note).to_contain_text("Mixed:")
    page.locator("[data-room=toggle]").click()
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 0.5")
    page.evaluate(
        """() => {
            window.loads = 0;
            document.getElementById("dock-audio").addEventListener("loadstart", () => loads++);
        }"""
    )

    portal.vendor.add_call(call)
    portal.refresh(CALL)

    # Its row looks again by itself.
    page.clock.fast_forward(NEXT_LOOK_MS)
    play = page.get_by_role("button", name="Play the mixed recording")
    expect(play).to_be_visible()
    expect(both).to_be_enabled()
    expect(note).not_to_contain_text("Mixed:")
    assert page.evaluate("loads") == 0, "what was playing plays on"
    play.click()
    expect(both).to_have_attribute("aria-pressed", "true")
    expect(play).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "() => { const a = document.getElementById('dock-audio');"
        " return !a.paused && a.src.includes('_mixed/') && a.readyState > 2; }"
    )
