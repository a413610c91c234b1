"""Speech without words and words without speech, on a call whose turns are known."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from recordings.simulator.spoken import dialogue

from .known_calls import bring_in
from .test_looks import PHONE, violations_by_theme

pytestmark = pytest.mark.browser

CALL = "/sessions/sess_unmatched/"
TALL = {"width": 1440, "height": 2600}
# Of the dialogue's turns one is left out, and one is said while the agent is silent.
LEFT_OUT, MADE_UP = 13.147, 4.0


@pytest.fixture(scope="module")
def known_call(portal, chromium, signed_in):
    """The call in the portal, with its lanes; its turns have whole-second times and no ends."""
    spoken = dialogue("missing-parcel")
    turns = [turn for turn in spoken.turns if turn.start != LEFT_OUT]
    turns.append(replace(turns[0], start=MADE_UP, end=MADE_UP + 1, text="I never said that."))
    clip = spoken.whole()
    audio = {side: clip.leg(side) for side in ("agent", "customer")}
    bring_in(
        portal,
        chromium,
        signed_in("rosa"),
        "sess_unmatched",
        audio,
        duration=clip.duration,
        turns=tuple(sorted(turns, key=lambda turn: turn.start)),
    )


def opened(open_page, **options):
    page = open_page("rosa", CALL, **options)
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    return page


def test_they_are_told_in_the_transcript_with_what_they_mean(known_call, open_page):
    page = opened(open_page)

    speech = page.locator(".turn").filter(has_text="Speech without words")
    expect(speech).to_have_count(1)
    expect(speech).to_have_text(re.compile(r"0:13\s*Agent\s*Speech without words, 2\.6 seconds"))
    words = page.locator(".turn").filter(has_text="No speech is heard near these words")
    expect(words).to_have_count(1)
    expect(words).to_contain_text("I never said that.")
    expect(page.locator("[data-unmatched=speech]")).to_have_text(
        re.compile(
            "^1 × Speech without words: somebody speaks for a second or longer, and no words"
        )
    )
    expect(page.locator("[data-unmatched=words]")).to_have_text(
        re.compile(
            r"^1 × Words without speech: nothing is heard of the speaker within 1\.6 seconds"
        )
    )
    starts = page.locator(".turn").evaluate_all("all => all.map((t) => Number(t.dataset.start))")
    assert starts == sorted(starts)


def test_they_are_drawn_and_named_on_the_lanes_and_told_by_the_slider(known_call, open_page):
    page = opened(open_page)

    expect(page.locator(".lanes-label")).to_have_text(["no speech", "no words"])
    marks = page.evaluate("document.querySelector('call-room').call.marks")
    (speech,), (words,) = marks["speech"], marks["words"]
    assert speech["lane"] == "agent"
    assert abs(speech["start"] - LEFT_OUT) < 0.1
    assert speech["end"] - speech["start"] > 2
    assert words == {"lane": "agent", "start": MADE_UP, "end": MADE_UP + 1}
    page.get_by_text("Speech without words,").click()
    slider = page.locator("call-room").get_by_role("slider")
    expect(slider).to_have_attribute(
        "aria-valuetext", re.compile("agent speaking, speech without words$")
    )


def test_a_line_without_words_is_heard_by_a_click(known_call, open_page):
    page = opened(open_page)

    page.get_by_text("Speech without words,").click()

    page.wait_for_function("() => !document.getElementById('dock-audio').paused")
    assert 13 <= page.evaluate("document.querySelector('call-room').second") < 16


def test_they_serve_everybody(known_call, open_page):
    page = opened(open_page, viewport=TALL)
    assert violations_by_theme(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_call_whose_words_and_speech_agree_has_no_marks(open_page):
    page = open_page("rosa", "/sessions/sess_01HXYZ123456789/")
    marks = page.wait_for_function("() => document.querySelector('call-room').call.marks")

    assert marks.json_value() == {"speech": [], "words": []}
    assert page.locator(".turn-mark, .lanes-label").count() == 0
    expect(page.locator("[data-unmatched=speech]")).to_be_hidden()
