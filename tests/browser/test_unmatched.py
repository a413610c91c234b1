"""Speech without words and words without speech, on a call whose turns are known."""

import json
import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from recordings.simulator.spoken import dialogue

from .known_calls import bring_in
from .test_looks import AXE, PHONE, violations

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_serve_everybody(scheme, known_call, open_page):
    page = opened(open_page, color_scheme=scheme, viewport=TALL)
    page.evaluate(AXE)
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_call_whose_words_and_speech_agree_has_no_marks(open_page):
    page = open_page("rosa", "/sessions/sess_01HXYZ123456789/")
    marks = page.wait_for_function("() => document.querySelector('call-room').call.marks")

    assert marks.json_value() == {"speech": [], "words": []}
    assert page.locator(".turn-mark, .lanes-label").count() == 0
    expect(page.locator("[data-unmatched=speech]")).to_be_hidden()


def turn(speaker, start, end=None, letters=20):
    return {"speaker": speaker, "start": start, "end": end, "letters": letters}


AGENT, CUSTOMER = [[1.0, 4.0], [20.0, 20.9], [30.0, 33.0]], [[5.0, 8.0], [9.5, 12.0]]
BOTH = {"agent": AGENT, "customer": CUSTOMER}
EXACT = [turn("agent", 1, 4), turn("agent", 30, 33), turn("customer", 5, 12)]


@pytest.mark.parametrize(
    ("lanes", "turns", "near", "speech", "words"),
    [
        # All there is agrees; a sound shorter than a second needs no words.
        (BOTH, EXACT, 0.8, [], []),
        # The two sides do not stand in for each other.
        (BOTH, [turn("customer", 1, 12), EXACT[1]], 0.8, [["agent", 1, 4]], []),
        # Speech with a short pause is one stretch.
        (BOTH, EXACT[:2], 0.8, [["customer", 5, 12]], []),
        # Only the rest of a long speech has no words.
        ({"agent": [[0, 60]]}, [turn("agent", 0, 40)], 0.8, [["agent", 40.8, 60]], []),
        # Words in the middle part what has none.
        (
            {"agent": [[0, 60]]},
            [turn("agent", 20, 40)],
            1.0,
            [["agent", 0, 19], ["agent", 41, 60]],
            [],
        ),
        # Without an end told, words last as long as they take to be said slowly: 2 + 20 / 4.
        ({"agent": [[0, 60]]}, [turn("agent", 0)], 1.0, [["agent", 8, 60]], []),
        # It ends where the next begins, whoever says that one ...
        (
            BOTH,
            [turn("agent", 1, 4), turn("customer", 5), turn("agent", 8)],
            0.8,
            [
                ["customer", 9.5, 12],
                ["agent", 30, 33],
            ],
            [8],
        ),
        # ... unless its words need more than that: 60 / 15 = 4 seconds, and the 0.8 around it.
        (
            {"agent": [[0, 9]]},
            [turn("agent", 0, letters=60), turn("customer", 1)],
            0.8,
            [
                ["agent", 4.8, 9],
            ],
            [],
        ),
        # A turn begun within a long speech has speech, though nobody begins just there.
        ({"agent": [[0, 60]]}, [turn("agent", 0, 30), turn("agent", 30, 60)], 0.8, [], []),
        # Nothing is heard of the agent at 25; at 20.9 + 1.6 there is.
        (BOTH, [*EXACT, turn("agent", 25), turn("agent", 22.4)], 1.6, [], [25]),
        # Who was not recorded cannot be missed, and an unknown speaker may be anybody.
        ({"agent": AGENT}, [*EXACT, turn("customer", 50)], 0.8, [], []),
        (BOTH, [*EXACT, turn("", 7), turn("", 50)], 0.8, [], [50]),
        # One lane of both voices.
        ({"mixed": [[0, 3], [9, 12]]}, [turn("agent", 0, 3)], 0.8, [["mixed", 9, 12]], []),
        ({"agent": []}, [turn("agent", 3, 4)], 0.8, [], [3]),
        (BOTH, [], 0.8, [["agent", 1, 4], ["customer", 5, 12], ["agent", 30, 33]], []),
    ],
)
def test_what_counts_as_unmatched(compare, lanes, turns, near, speech, words):
    found = compare(lanes, turns, near)

    assert [[s["lane"], s["start"], s["end"]] for s in found["speech"]] == speech
    assert found["words"] == words


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        # Nothing is heard of the agent from 4 to 20, and there is sound all the time.
        ({}, [10, 15]),
        # A part is not there to be listened to: nothing is said of words in it, or next to it.
        ({"agent": [[9, 13]]}, [15]),
        ({"agent": [[10.5, 13]]}, [15]),
        ({"agent": [[11.9, 13]]}, [10, 15]),
        # That the other side is not there says nothing of this one.
        ({"customer": [[0, 40]]}, [10, 15]),
    ],
)
def test_words_in_a_part_that_cannot_be_played_are_not_missed(compare, gaps, words):
    turns = [turn("agent", 10, 11), turn("agent", 15, 16)]

    assert compare(BOTH, turns, 0.8, gaps)["words"] == words


@pytest.fixture(scope="module")
def compare(portal, chromium, signed_in):
    """The page's own module: `compare({"agent": spans}, turns, near, {"agent": gaps})`."""
    context = chromium.new_context(base_url=portal.url, storage_state=signed_in("rosa"))
    page = context.new_page()
    page.goto("/")
    page.wait_for_load_state("networkidle")

    def comparing(lanes, turns, near, gaps=None):
        missing = gaps or {}
        given = [
            [
                {"name": name, "spans": spans, "gaps": missing.get(name, [])}
                for name, spans in lanes.items()
            ],
            sorted(turns, key=lambda turn: turn["start"]),
            near,
        ]
        return page.evaluate(
            """async (text) => {
                const [lanes, turns, near] = JSON.parse(text);
                const { unmatched } = await import(performance.getEntriesByType("resource")
                  .find(({ name }) => name.includes("player/unmatched")).name);
                const found = unmatched(
                  lanes, turns.map((turn) => ({ ...turn, end: turn.end ?? NaN })), near);
                return { speech: found.speech, words: found.words.map(({ start }) => start) };
            }""",
            json.dumps(given),
        )

    yield comparing
    context.close()
