"""The listening room: its waveform, its words, its keys."""

import re

import pytest
from playwright.sync_api import expect

from recordings.audio.waveform import pack

from .test_looks import AXE, settled, violations, violations_by_theme

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
CHARGE = "/sessions/sess_01KNBNNTYAANF94AN345HND5HN/"
TALL = {"width": 1440, "height": 2600}


@pytest.fixture
def room(open_page):
    page = open_page("rosa", f"{PARCEL}?t=0&channel=mixed", viewport={"width": 1440, "height": 900})
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    # The transcript may come after the waveform, and its script after that.
    expect(page.locator("call-transcript:defined")).to_be_visible()
    return page


def second(page):
    return page.evaluate("document.querySelector('call-room').second")


def strip(page):
    return page.locator("call-room").get_by_role("slider")


def test_a_turn_that_is_clicked_plays_and_is_marked(room):
    # At half the speed it stays the current turn long enough to be looked at.
    room.get_by_role("button", name="Slower").click(click_count=5)
    room.get_by_text("Vier sieben eins eins.").click()

    current = room.locator(".turn[aria-current]")
    expect(current).to_contain_text("Vier sieben eins eins.")
    room.wait_for_function("() => !document.getElementById('dock-audio').paused")
    assert 9 < second(room) < 13
    marker = current.locator("a").evaluate("a => getComputedStyle(a, '::before').content")
    assert "▸" in marker


def test_follow_ends_when_the_reader_scrolls_and_offers_the_way_back(room):
    back = room.get_by_role("button", name="Back to now")
    expect(back).to_be_hidden()

    room.locator(".turns").hover()
    room.mouse.wheel(0, 40)

    expect(room.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    back.click()
    expect(room.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "true")
    expect(back).to_be_hidden()


def test_follow_ends_when_the_reader_scrolls_by_a_key(room):
    follow = room.get_by_role("button", name="Follow")
    room.locator(".turns").focus()
    # A key that the room takes for itself scrolls nothing.
    room.keyboard.press("Space")
    room.wait_for_function("() => !document.getElementById('dock-audio').paused")
    for key in ("PageDown", "PageUp", "Home", "End", "ArrowDown", "ArrowUp"):
        expect(follow).to_have_attribute("aria-pressed", "true")
        room.keyboard.press(key)
        expect(follow).to_have_attribute("aria-pressed", "false")
        room.get_by_role("button", name="Back to now").press("Enter")
        expect(room.locator(".turns")).to_be_focused()


def test_with_its_keys_off_space_scrolls_too(room):
    room.keyboard.press("?")
    room.get_by_label("Use these keys").uncheck()
    room.keyboard.press("Escape")
    room.locator(".turns").focus()

    room.keyboard.press("Space")

    expect(room.get_by_role("button", name="Back to now")).to_be_visible()


def test_follow_ends_when_the_search_goes_to_a_hit(room):
    room.get_by_role("searchbox", name="Search in the transcript").fill("Wiederhören")

    expect(room.locator("mark.current")).to_be_in_viewport()
    expect(room.get_by_role("button", name="Back to now")).to_be_visible()


def test_the_words_have_four_views(room):
    original, translation = (
        room.locator(".turn-original").first,
        room.locator(".turn-translation").first,
    )
    choice = room.get_by_role("group", name="Words shown")

    choice.get_by_role("button", name="Original").click()
    expect(translation).to_be_hidden()
    choice.get_by_role("button", name="Translation").click()
    expect(original).to_be_hidden()
    choice.get_by_role("button", name="Side by side").click()
    assert original.bounding_box()["y"] == translation.bounding_box()["y"]
    choice.get_by_role("button", name="Both").click()
    assert original.bounding_box()["y"] < translation.bounding_box()["y"]


def test_the_search_finds_words_of_both_languages(room):
    field = room.get_by_role("searchbox", name="Search in the transcript")

    for words, found in [("NACHBAR", "hits in"), ("neighbour", "hits in"), ("zzz", "Nothing")]:
        field.fill(words)
        expect(room.locator("[data-search-count]")).to_contain_text(found)
    assert room.locator("mark").count() == 0
    field.fill("parcel")
    expect(room.locator("mark.current")).to_have_text(re.compile("parcel", re.IGNORECASE))


def test_the_search_counts_what_the_view_shows(room):
    view = room.get_by_role("group", name="Words shown")
    found = room.locator("[data-search-count]")
    view.get_by_text("Original", exact=True).click()

    # Of the customer's words in German, "neighbour" is in the translation alone.
    room.get_by_role("searchbox", name="Search in the transcript").fill("neighbour")

    expect(found).to_have_text("1 hit in 1 turn")
    expect(room.locator("mark.current")).to_be_visible()
    view.get_by_text("Both", exact=True).click()
    expect(found).to_have_text("2 hits in 2 turns")
    view.get_by_text("Translation", exact=True).click()
    expect(found).to_have_text("1 hit in 1 turn")
    expect(room.locator("mark")).to_be_visible()


def test_the_slider_speaks_and_obeys_keys(room):
    slider = strip(room)
    slider.focus()
    for key, at in [("ArrowRight", 5), ("Shift+ArrowLeft", 4), ("PageUp", 26), ("Home", 0)]:
        room.keyboard.press(key)
        assert abs(second(room) - at) < 1
    room.keyboard.press("ArrowRight")

    expect(slider).to_have_attribute(
        "aria-valuetext", re.compile("^5 seconds of 26 seconds, customer speaking$")
    )


def test_dragging_selects_a_range_and_a_click_seeks(room):
    box = room.locator(".lanes-body").bounding_box()
    middle = box["y"] + box["height"] / 2
    room.mouse.move(box["x"] + box["width"] * 0.25, middle)
    room.mouse.down()
    room.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    room.mouse.up()

    expect(room.locator("[data-room-range-text]")).to_have_text(re.compile(r"0:06\.\d – 0:1\d"))
    room.get_by_role("button", name="Clear").click()
    expect(room.locator("[data-room-range]")).to_be_hidden()
    room.mouse.click(box["x"] + box["width"] * 0.75, middle)
    assert 18 < second(room) < 21


def test_keys_act_and_never_while_one_types(room):
    room.keyboard.press("l")
    assert 9.5 < second(room) < 10.5
    room.keyboard.press("v")
    expect(room.locator("[data-voice=agent]")).to_have_attribute("aria-pressed", "true")
    room.keyboard.press(">")
    expect(room.locator("#dock-rate")).to_have_text("1.1×")
    room.keyboard.press("=")
    room.keyboard.press("[")
    room.keyboard.press("c")
    expect(room.locator(".turn-translation").first).to_be_hidden()
    room.keyboard.press("c")
    room.keyboard.press("c")

    room.keyboard.press("/")
    room.keyboard.type("jlkvsm0?.,<>=[]wy ")
    for chord in ("Control+k", "AltGraph"):
        room.keyboard.press(chord)

    field = room.get_by_role("searchbox", name="Search in the transcript")
    expect(field).to_have_value("jlkvsm0?.,<>=[]wy ")
    assert 9.5 < second(room) < 10.5
    assert room.locator("#dock-audio").evaluate("audio => audio.paused && !audio.muted")
    expect(room.locator("#keys")).to_be_hidden()
    room.keyboard.press("Escape")
    assert room.evaluate("document.activeElement === document.body")


def test_the_list_of_keys_opens_and_turns_them_off(room):
    room.keyboard.press("?")
    dialog = room.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    room.keyboard.press("l")
    assert second(room) == 0
    room.evaluate(AXE)
    assert violations(room) == []

    dialog.get_by_label("Use these keys").uncheck()
    room.keyboard.press("Escape")
    room.keyboard.press("l")
    assert second(room) == 0

    room.reload()
    room.keyboard.press("l")
    assert second(room) < 1
    room.keyboard.press("?")
    room.get_by_label("Use these keys").check()
    room.keyboard.press("Escape")
    room.keyboard.press("l")
    assert second(room) > 9


def test_the_waveform_comes_later_and_moves_nothing(open_page, portal):
    portal.forget_looking_through("T-4698")
    page = open_page("rosa", CHARGE, viewport=TALL)
    expect(page.locator("call-room")).to_be_visible()
    settled(page)
    before = page.locator("#transcript").bounding_box()
    assert page.locator(".has-lanes").count() == 0

    portal.look_through("T-4698")

    expect(page.locator("call-room .has-lanes")).to_be_visible()
    assert page.locator("#transcript").bounding_box() == before
    expect(page.locator("#measurements")).to_contain_text("Talk time")
    expect(page.locator("#measurements")).to_contain_text("Left is the agent")


def test_the_room_and_the_dock_serve_everybody(open_page):
    page = open_page("leo", f"{PARCEL}?t=2&to=9", viewport=TALL)
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    page.locator("[data-room=toggle]").click()
    page.wait_for_function("() => !document.getElementById('dock-audio').paused")

    assert violations_by_theme(page) == []


# Of a thread that plays an hour for a second, in seconds of processor time; measured: 0.03 to 0.08.
MOST_BUSY = 0.25
WORK = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


@pytest.mark.timed
def test_an_hour_that_plays_keeps_the_browser_from_nothing_else(open_page, portal):
    # Of an hour with a thousand turns on each side.
    peaks = bytes(n * 7 % 128 for n in range(3600 * 20))
    spans = [(3600 * n, 3600 * n + 2000) for n in range(1000)]
    lanes = pack([peaks, peaks], [spans, spans], duration_ms=3_600_000)
    page = open_page("rosa", "/")
    page.route("**/waveform", lambda route: route.fulfill(body=lanes))
    page.goto("/sessions/sess_01KE5EADYFEVMFSM63BRRZ1SZT/?t=100&channel=agent")
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    settled(page)
    session = page.context.new_cdp_session(page)
    # Processor time of the page's thread: on a busy machine it is the same.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work():
        told = session.send("Performance.getMetrics")["metrics"]
        return sum(metric["value"] for metric in told if metric["name"] in WORK)

    page.locator("[data-room=toggle]").click()
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 100.5")
    before, second = work(), page.evaluate("document.querySelector('call-room').second")
    page.wait_for_function(
        "until => document.querySelector('call-room').second > until", arg=second + 2
    )

    used = (work() - before) / 2
    assert used < MOST_BUSY
