"""A call that was paused: one timeline of several files, whose gaps are jumped over."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PAUSED = "/sessions/sess_01KRSGSA809ESJBP2BS1DWT6TD/"
SECOND = "document.querySelector('call-room').second"
PLAYS = "() => { const a = document.getElementById('dock-audio'); return !a.paused && !a.error; }"

VOICES = ("mixed", "agent", "customer")


@pytest.fixture
def spoilt(portal):
    """Makes files of a part of the paused call such that cannot be played: `spoilt(0, "agent")`."""
    parts = []

    def tell(part, status, channels=VOICES):
        call = portal.vendor.call(PAUSED.split("/")[2])
        begun = sorted({recording.created_at for recording in call.recordings})[part]
        recordings = tuple(
            replace(recording, status=status)
            if recording.created_at == begun and recording.channel in channels
            else recording
            for recording in call.recordings
        )
        portal.vendor.add_call(replace(call, recordings=recordings))
        portal.refresh(call.id)

    def spoil(part, *channels):
        parts.append(part)
        tell(part, "failed", channels or VOICES)

    yield spoil
    for part in parts:
        tell(part, "ready")


def voice(page, name):
    return page.locator(f"#dock [data-voice={name}]")


def call_of(page):
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    return page.evaluate(
        """() => {
            const { call } = document.querySelector("call-room");
            return { length: call.length, gaps: call.gaps(), parts: call.voices.mixed };
        }"""
    )


def test_a_paused_call_is_one_timeline_and_its_gap_is_jumped_over(open_page):
    page = open_page("rosa", PAUSED)
    call = page.evaluate("JSON.parse(document.querySelector('call-room').dataset.call)")
    first, second = call["voices"]["mixed"]
    assert 30 < second["start"] - first["duration"] < 60
    assert {part["start"] for parts in call["voices"].values() for part in parts} == {
        first["start"],
        second["start"],
    }
    page.goto(f"{PAUSED}?t={first['duration'] - 1.5}")
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()

    page.locator("[data-room=toggle]").click()

    page.wait_for_function(
        "start => Number(document.querySelector('call-room').second) > start + 0.3",
        arg=second["start"],
    )
    assert page.evaluate(PLAYS)


def test_a_call_whose_first_part_cannot_be_played_begins_at_the_next(open_page, spoilt):
    whole = call_of(open_page("rosa", PAUSED))
    spoilt(0)

    page = open_page("rosa", PAUSED)
    left = call_of(page)

    start = left["parts"][0]["start"]
    assert start == pytest.approx(whole["parts"][1]["start"], abs=0.1)
    assert left["length"] == pytest.approx(whole["length"], abs=0.1)
    assert left["gaps"] == [[0, start]]
    page.locator("[data-room=toggle]").click()
    page.wait_for_function(
        "start => document.querySelector('call-room').second > start + 0.3", arg=start
    )
    assert page.evaluate(PLAYS)


def test_a_call_whose_last_part_cannot_be_played_keeps_its_length(open_page, spoilt):
    whole = call_of(open_page("rosa", PAUSED))
    spoilt(1)

    left = call_of(open_page("rosa", PAUSED))

    assert left["length"] == pytest.approx(whole["length"], abs=0.1)
    ((start, end),) = left["gaps"]
    assert start == pytest.approx(left["parts"][0]["duration"], abs=0.1)
    assert end == left["length"]


@pytest.mark.parametrize("part", [0, 1])
def test_words_of_a_part_that_cannot_be_played_are_not_missed_there(part, open_page, spoilt):
    spoilt(part)

    page = open_page("rosa", PAUSED)

    marks = page.wait_for_function("() => document.querySelector('call-room').call.marks")
    assert marks.json_value()["words"] == []
    assert page.locator(".turn-unmatched").count() == 0


def test_a_voice_without_sound_at_this_second_is_not_switched_to(open_page, spoilt):
    spoilt(1, "agent")
    page = open_page("rosa", PAUSED)
    start = call_of(page)["parts"][1]["start"]
    page.goto(f"{PAUSED}?t={start + 2}&channel=mixed")
    expect(page.locator("#dock .has-lanes")).to_be_visible()

    page.keyboard.press("v")
    expect(voice(page, "customer")).to_have_attribute("aria-pressed", "true")
    voice(page, "agent").click()

    expect(page.locator("#toast")).to_have_text(
        "No sound of the agent here. You hear the customer."
    )
    expect(voice(page, "customer")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(SECOND) == pytest.approx(start + 2, abs=0.1)


def test_what_a_voice_lacks_is_heard_in_another_and_not_passed_over(open_page, spoilt):
    spoilt(1, "agent")
    page = open_page("rosa", PAUSED)
    first, second = call_of(page)["parts"]
    page.goto(f"{PAUSED}?t={first['duration'] - 1.5}&channel=agent")
    expect(voice(page, "agent")).to_have_attribute("aria-pressed", "true")

    page.locator("[data-room=toggle]").click()

    page.wait_for_function(f"start => {SECOND} > start + 0.3", arg=second["start"])
    assert page.evaluate(PLAYS)
    expect(voice(page, "mixed")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#toast")).to_have_text("No sound of the agent here. You hear both voices.")
