"""Recordings whose channel Kallglot has no known word for: a press plays that very one."""

import pytest
from playwright.sync_api import expect

from recordings.simulator.calls import Turn
from recordings.simulator.spoken import dialogue

from .known_calls import bring_in

pytestmark = pytest.mark.browser

CALL = "/sessions/sess_odd_channels/"
IDS = [f"rec_odd_channels_{channel}" for channel in ("mixed", "agent", "customer")]


@pytest.fixture(scope="module")
def call(portal, chromium, signed_in):
    clip = dialogue("missing-parcel").whole()
    audio = {"mixed": clip.leg("agent"), "agent": clip.leg("agent"), "customer": clip.leg("agent")}
    lacks = portal.vendor.faults.add(
        "missing_fields", "/sess_odd_channels/recordings", fields=["channel", "duration", "status"]
    )
    turns = (Turn("agent", "en", "Hello.", "Hallo.", "de", 1, 2),)
    details = {"turns": turns, "formats": dict.fromkeys(audio, "wav")}
    bring_in(portal, chromium, signed_in("rosa"), "sess_odd_channels", audio, **details)
    portal.vendor.faults.remove(lacks)


def test_of_three_recordings_without_a_channel_the_pressed_one_plays(call, open_page):
    page = open_page("rosa", CALL)
    for pressed in (IDS[1], IDS[2], IDS[0]):
        button = page.locator(f'[data-recording="{pressed}"]')
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        page.wait_for_function(
            "id => { const a = document.getElementById('dock-audio');"
            " return !a.paused && a.currentTime > 0 && a.src.includes(id); }",
            arg=pressed,
        )
