"""Turns with whole-second times are heard where their speaker really begins, near by."""

import pytest
from playwright.sync_api import expect

from recordings.simulator.calls import Turn
from recordings.simulator.sources import wav_header
from recordings.simulator.spoken import RATE, dialogue

from .known_calls import bring_in

pytestmark = pytest.mark.browser

LENGTH = 20.0
SILENCE = b"\xff"
# Whom the vendor lets begin at which second, and where they are heard; the customer was quicker.
AGENT_TOLD, CUSTOMER_TOLD = 10, 11
AGENT_HEARD, CUSTOMER_HEARD = 11.5, 10.6
TURNS = (
    Turn("agent", "en", "My pleasure. Goodbye.", "Sehr gern.", "de", AGENT_TOLD, AGENT_TOLD + 1),
    Turn("customer", "de", "Danke!", "Thanks!", "en", CUSTOMER_TOLD, CUSTOMER_TOLD + 1),
)


def spoken(side, at):
    """A leg of the call as WAV: silence, and the words of the side's first turn `at` seconds."""
    words = dialogue("missing-parcel")
    turn = next(turn for turn in words.turns if turn.speaker == side)
    samples = words.samples(side)[round(turn.start * RATE) : round(turn.end * RATE)]
    body = (SILENCE * round(at * RATE) + samples).ljust(round(LENGTH * RATE), SILENCE)
    return wav_header(len(body), mulaw=True) + body


@pytest.fixture(scope="module")
def call(portal, chromium, signed_in):
    """The call, with these of its voices, in the portal: its path."""
    voices = {
        "agent": spoken("agent", AGENT_HEARD),
        "customer": spoken("customer", CUSTOMER_HEARD),
        "mixed": spoken("agent", AGENT_HEARD),
    }
    paths = {}

    def called(*names):
        if names not in paths:
            paths[names] = bring_in(
                portal,
                chromium,
                signed_in("rosa"),
                f"sess_anchored_{'_'.join(names)}",
                {name: voices[name] for name in names},
                formats=dict.fromkeys(names, "wav"),
                duration=LENGTH,
                turns=TURNS,
            )
        return paths[names]

    return called


def opened(open_page, path, second):
    page = open_page("rosa", f"{path}?t={second}")
    # The words have been compared with the sound.
    page.wait_for_function("() => document.querySelector('call-room')?.call?.marks")
    return page


@pytest.mark.parametrize(("second", "speaker"), [(10.9, "Customer"), (13.0, "Agent")])
def test_the_turn_that_is_heard_is_marked_whatever_the_order(second, speaker, call, open_page):
    page = opened(open_page, call("agent", "customer"), second)

    current = page.locator(".turn[aria-current]")
    expect(current).to_have_count(1)
    expect(current).to_contain_text(speaker)
    # They stay in the order in which they are told.
    expect(page.locator(".turn .turn-speaker")).to_have_text(["Agent", "Customer"])


@pytest.mark.parametrize(
    ("voices", "heard"),
    [
        # Nobody else's voice tells where the customer begins ...
        (("agent",), CUSTOMER_TOLD),
        # ... but it may do so where both are in one file.
        (("mixed",), AGENT_HEARD),
        (("agent", "customer"), CUSTOMER_HEARD),
    ],
)
def test_a_turn_is_heard_where_its_own_voice_begins(voices, heard, call, open_page):
    page = opened(open_page, call(*voices), 0)

    page.keyboard.press("Alt+ArrowDown")

    second = page.evaluate("document.querySelector('call-room').second")
    assert abs(second - heard) < 0.2
