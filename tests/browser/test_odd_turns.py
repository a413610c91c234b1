"""Turns as they may come: other scripts, nothing said, no order; and the search among them."""

import pytest
from playwright.sync_api import expect

from recordings.simulator.calls import Turn
from recordings.simulator.spoken import dialogue

from .known_calls import bring_in
from .test_looks import AXE, violations

pytestmark = pytest.mark.browser

CALL = "/sessions/sess_odd_turns/"
ARABIC = "\u0623\u064a\u0646 \u0627\u0644\u0637\u0631\u062f\u061f"
WIDE = "\uff14\uff17\uff11\uff11"
TURNS = (
    Turn("customer", "ar", ARABIC, "Hello, where is the parcel?", "en", 1, 2),
    Turn("agent", "ja", f"お荷物は{WIDE}です。", "Your parcel is 4711.", "en", 4, 5),
    Turn("agent", "de", "Die Straße ist groß, Café Müller.", "", "", 6, 7),
    Turn("agent", "en", "", "Nur übersetzt.", "de", 8, 9),
    Turn("agent", "en", "", "", "", 10, 11),
    Turn("agent", 'x-klingon_!"><b>', "Qapla'", "Success.", "a" * 40, 12, 13),
    Turn("customer", "en", "Told late, a.b*c(d)[e]\\f$ ﬁne.", "", "", 3, 3.5),
    Turn("customer", "fr", "Cafe\u0301, cafe\u0301 et \U0001f44d\U0001f3fd.", "", "", 14, 15),
    Turn("customer", "fr", "Encore.", "", "", 14, 15),
    Turn("customer", "fr", "Encore une fois.", "", "", 14, 15),
)


@pytest.fixture(scope="module")
def call(portal, chromium, signed_in):
    clip = dialogue("missing-parcel").whole()
    audio = {side: clip.leg(side) for side in ("agent", "customer")}
    details = {"duration": clip.duration, "turns": TURNS}
    bring_in(portal, chromium, signed_in("rosa"), "sess_odd_turns", audio, **details)


@pytest.fixture
def room(call, open_page):
    page = open_page("rosa", f"{CALL}?t=0", viewport={"width": 1440, "height": 2000})
    expect(page.locator("call-room .lanes-strip.has-lanes")).to_be_visible()
    return page


def test_the_search_folds_and_leaves_the_words_as_they_are(room):
    field = room.get_by_role("searchbox", name="Search in the transcript")
    for typed, hits in (
        ("cafe", ["Café", "Cafe\u0301", "cafe\u0301"]),
        ("4711", [WIDE, "4711"]),
        (".*", []),
        ("   ", []),
    ):
        field.fill(typed)
        expect(room.locator("mark")).to_have_text(hits)
        words = room.locator(".turn-words [dir]").all_text_contents()
        assert words == [text for turn in TURNS for text in (turn.text, turn.translation) if text]


# Each look at the clock takes a while, so that even a short search has to pause.
SLOW_CLOCK = """
const { now } = performance;
let late = 0;
performance.now = () => now.call(performance) + (late += 5);
"""


@pytest.mark.parametrize(
    ("number", "slow_clock"), [(60, True), pytest.param(1000, False, marks=pytest.mark.endurance)]
)
def test_a_search_leaves_the_page_time_for_others(
    number, slow_clock, portal, chromium, signed_in, open_page
):
    clip = dialogue("missing-parcel").whole()
    words = "Ja, so ist es. " * 15
    turns = [
        Turn("agent", "de", f"Grüße. {words}", words, "en", n / 100, n / 100) for n in range(number)
    ]
    audio = {"agent": clip.leg("agent")}
    details = {"duration": clip.duration, "turns": turns}
    path = bring_in(portal, chromium, signed_in("rosa"), f"sess_{number}_turns", audio, **details)
    page = open_page("rosa", f"{path}?t=0")
    if slow_clock:
        page.evaluate(SLOW_CLOCK)
    field = page.get_by_role("searchbox", name="Search in the transcript")

    found_at_once = field.evaluate(
        """field => {
            field.value = "grusse";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            return document.querySelectorAll("mark").length;
        }"""
    )

    assert found_at_once < number
    expect(page.locator("[data-search-count]")).to_have_text(f"{number} hits in {number} turns")
    expect(page.locator("mark.current")).to_have_count(1)
    field.fill("grussen")
    expect(page.locator("[data-search-count]")).to_have_text("Nothing found")
    expect(page.locator("mark")).to_have_count(0)


def test_what_the_view_hides_is_told_of(room):
    field = room.get_by_role("searchbox", name="Search in the transcript")
    room.get_by_role("button", name="Original", exact=True).click()
    field.fill("parcel")

    found = room.locator("[data-search-count]")
    expect(found).to_have_text("Nothing found here, 2 hits in the translation")
    room.get_by_role("button", name="Translation", exact=True).click()
    expect(found).to_have_text("2 hits in 2 turns")
    field.fill("qapla")
    expect(found).to_have_text("Nothing found here, 1 hit in the original")
    field.fill("zzz")
    expect(found).to_have_text("Nothing found")


def test_a_turn_of_which_a_view_has_nothing_says_so(room):
    said = """all => all.map((words) => getComputedStyle(words, "::before").content)"""
    # Without the lines that are added for speech without words.
    told_lines = room.locator(".turn-words:not(:has(.turn-mark:only-child))")
    for view, expected in {
        "Both": {4: "No words"},
        "Original": {3: "No original", 4: "No words"},
        "Translation": {4: "No words"} | dict.fromkeys((2, 6, 7, 8, 9), "No translation"),
    }.items():
        room.get_by_role("button", name=view, exact=True).first.click()
        found = told_lines.evaluate_all(said)
        told = {n: text.strip('"') for n, text in enumerate(found) if text != "none"}
        assert told == expected


def test_of_turns_of_one_second_the_one_that_is_pressed_is_the_current_one(room):
    for words in ("Encore.", "Encore une fois.", "cafe", "Encore."):
        room.get_by_text(words).click()
        room.keyboard.press("k")
        expect(room.locator(".turn[aria-current]")).to_contain_text(words)


def test_a_turn_that_is_told_late_is_the_current_one_in_its_second(call, portal, open_page):
    portal.forget_looking_through("odd_turns")
    page = open_page("rosa", f"{CALL}?t=3.2")
    expect(page.locator(".turn[aria-current]")).to_contain_text("Told late")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".turn[aria-current]")).to_contain_text("4711")
    portal.look_through("odd_turns")


def test_words_of_odd_languages_serve_everybody(room):
    room.evaluate(AXE)

    assert violations(room) == []
    tags = room.locator(".turn-words [dir]").evaluate_all("all => all.map(({ lang }) => lang)")
    assert tags == ["ar", "en", "ja", "en", "de", "de", "", "", "en", *["fr"] * 3]
    first = room.locator(".turn-words [dir]").first
    assert first.evaluate("words => getComputedStyle(words).direction") == "rtl"
