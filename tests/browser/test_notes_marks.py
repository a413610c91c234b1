"""Notes on the lanes: flags that one can press, and the note that is the current one."""

import re

import pytest
from playwright.sync_api import expect

from .noting import AUDIO, PARCEL, PLAYS, leave_many, leave_note, room_with_notes, second
from .test_looks import PHONE, violations, violations_by_theme

pytestmark = pytest.mark.browser

FOUR = [
    {"start": 2, "text": "The opening."},
    {"start": 6, "end": 9.5, "text": "Asked twice.\nSee the script."},
    {"start": 13, "text": "Calm voice.", "private": True},
    {"start": 20, "text": "Was settled.", "resolved": True},
]
FLAG = ".lanes-flag"
# Found and asked in one step: a repaint in between would exchange them.
BOXES = f"""
[...document.querySelectorAll("{FLAG}")].map((flag) => flag.getBoundingClientRect().toJSON())
"""


@pytest.fixture
def room(open_page):
    return room_with_notes(open_page, FOUR)


def flags(page):
    return page.get_by_role("toolbar", name="Notes on the timeline").get_by_role("button")


def test_each_note_is_a_button_at_its_second_with_a_name(room):
    names = flags(room).evaluate_all("all => all.map((flag) => flag.getAttribute('aria-label'))")
    assert names == [
        "Note at 0:02 by rosa: The opening.",
        "Note from 0:06 to 0:09 by rosa: Asked twice. See the script.",
        "Private note at 0:13 by rosa: Calm voice.",
        "Resolved note at 0:20 by rosa: Was settled.",
    ]
    box = room.locator(".lanes-body").bounding_box()
    length = room.evaluate("document.querySelector('call-room').call.length")
    for flag, note in zip(flags(room).all(), FOUR, strict=True):
        left = flag.bounding_box()["x"] - box["x"]
        assert left == pytest.approx(box["width"] * note["start"] / length, abs=1)


def test_open_private_and_resolved_have_shapes_of_their_own(room):
    shapes = room.locator(f"{FLAG} .icon").evaluate_all(
        "all => all.map((icon) => getComputedStyle(icon).maskImage.match(/note-(\\w+)/)[1])"
    )
    assert shapes == ["open", "open", "private", "resolved"]


def test_a_flag_that_is_pressed_is_gone_to_and_its_note_is_the_current_one(room):
    room.set_viewport_size({"width": 1440, "height": 500})
    flags(room).nth(2).click()

    assert second(room) == pytest.approx(13, abs=0.1)
    note = room.locator("[data-note][aria-current]")
    expect(note).to_contain_text("Calm voice.")
    expect(note).to_be_in_viewport()
    assert "▸" in note.locator(".note-time").evaluate(
        "a => getComputedStyle(a, '::before').content"
    )
    expect(flags(room).nth(2)).to_have_attribute("aria-current", "true")
    assert room.evaluate(f"{AUDIO}.paused")
    flags(room).nth(1).press("Enter")
    expect(room.locator("[data-room-range-text]")).to_have_text("0:06.0 – 0:09.5")
    expect(flags(room).nth(1)).to_be_focused()


def test_where_colours_are_forced_only_the_current_turn_and_note_have_a_bar(room):
    room.emulate_media(forced_colors="active")
    room.evaluate("document.querySelector('call-room').seek(13)")
    bar = """all => all.map((line) => [
      line.hasAttribute("aria-current"),
      getComputedStyle(line).borderLeftColor !== getComputedStyle(document.body).backgroundColor,
    ])"""
    expect(room.locator("[data-note][aria-current]")).to_contain_text("Calm voice.")
    for kind, number in ((".turn:not(.turn-unmatched)", 5), ("[data-note]", len(FOUR))):
        found = room.locator(kind).evaluate_all(bar)
        assert len(found) >= number
        assert all(is_current == has_bar for is_current, has_bar in found)
        assert sum(is_current for is_current, _ in found) == 1


def test_the_note_that_plays_is_marked_and_then_no_more(room):
    room.evaluate("document.querySelector('call-room').seek(5)")
    expect(room.locator("[data-note][aria-current]")).to_contain_text("The opening.")
    room.keyboard.press("k")

    expect(room.locator("[data-note][aria-current]")).to_contain_text("Asked twice.")
    room.evaluate("document.querySelector('call-room').seek(10.5)")

    expect(room.locator("[data-note][aria-current]")).to_have_count(0)


def test_a_time_in_the_panel_is_gone_to_in_place_and_the_sound_goes_on(room):
    room.evaluate("window.untouched = true")
    room.keyboard.press("k")
    room.wait_for_function(PLAYS)

    room.locator("[data-note]").filter(has_text="Was settled.").locator(".note-time").click()

    room.wait_for_function("() => document.querySelector('call-room').second >= 20")
    room.wait_for_function(PLAYS)
    assert room.evaluate("window.untouched")
    assert "t=20" not in room.url


def test_tab_stops_once_at_the_flags_and_arrows_go_through_them(room):
    room.locator("call-room").get_by_role("slider").focus()
    room.keyboard.press("Tab")
    expect(flags(room).first).to_be_focused()

    for key, at in [("ArrowRight", 1), ("End", 3), ("ArrowLeft", 2), ("Home", 0), ("ArrowLeft", 0)]:
        room.keyboard.press(key)
        expect(flags(room).nth(at)).to_be_focused()

    assert second(room) == 0
    room.keyboard.press("Tab")
    expect(room.locator("[data-room=toggle]")).to_be_focused()
    room.keyboard.press("Shift+Tab")
    expect(flags(room).first).to_be_focused()


def test_notes_that_stand_close_are_one_flag_that_goes_through_them(open_page):
    starts = [13.0, 13.0, 13.2]
    notes = [{"start": start, "text": f"Number {n}"} for n, start in enumerate(starts)]
    page = room_with_notes(open_page, notes)
    flag = flags(page)
    expect(flag).to_have_count(1)
    expect(flag).to_have_text("3")
    expect(flag).to_have_accessible_name("3 notes at 0:13")

    for n in (0, 1, 2, 0):
        flag.click()
        expect(page.locator("[data-note][aria-current]")).to_contain_text(f"Number {n}")
        expect(flag).to_have_accessible_name(
            f"{n + 1} of 3 notes: Note at 0:13 by rosa: Number {n}"
        )

    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    # Those of one second stay together.
    expect(flag).to_have_count(2)


def test_five_hundred_notes_are_few_buttons_that_can_be_pressed(open_page, portal):
    leave_many(portal, [{"start": n / 20, "text": f"Number {n}"} for n in range(500)])
    page = room_with_notes(open_page, [])
    assert page.evaluate("document.querySelector('call-room').call.notes.length") == 500

    for _ in range(3):
        boxes = page.evaluate(BOXES)
        assert 10 < len(boxes) <= 1440 / 24
        rights = [box["right"] for box in boxes]
        assert all(box["left"] >= right for box, right in zip(boxes[1:], rights, strict=False))
        assert all(box["width"] >= 24 and box["height"] >= 24 for box in boxes)
        before = page.locator(".lanes-ruler").inner_text()
        page.get_by_role("button", name="Zoom in").click()
        expect(page.locator(".lanes-ruler")).not_to_have_text(before)


def test_a_note_that_is_left_is_on_the_lanes_at_once_and_a_deleted_one_is_gone(room):
    before = room.evaluate("document.querySelector('#dock canvas').toDataURL()")
    room.locator("#note-start").fill("0:17")
    room.locator("#note-text").fill("A fifth.")
    room.get_by_role("button", name="Save note").click()

    expect(flags(room)).to_have_count(5)
    room.wait_for_function(
        "before => document.querySelector('#dock canvas').toDataURL() !== before", arg=before
    )
    room.on("dialog", lambda dialog: dialog.accept())
    fifth = room.locator("[data-note]").filter(has_text="A fifth.")
    fifth.get_by_role("button", name="Delete").click()
    expect(flags(room)).to_have_count(4)


def test_without_a_waveform_there_are_flags_as_well(open_page):
    page = open_page("rosa", "/")
    leave_note(page, 2, "The opening.")
    page.route(re.compile("/waveform$"), lambda route: route.fulfill(status=202))

    page.goto(PARCEL)

    expect(flags(page)).to_have_count(1)


def test_the_slider_tells_that_there_is_a_note(room):
    slider = room.locator("call-room").get_by_role("slider")
    room.evaluate("document.querySelector('call-room').seek(13.5)")

    expect(slider).to_have_attribute("aria-valuetext", re.compile("^13 seconds of 26.*, a note$"))


def test_with_notes_it_serves_everybody(open_page):
    crowd = [{"start": 24 + n / 10, "text": "One of many."} for n in range(3)]
    tall = {"width": 1440, "height": 3200}
    page = room_with_notes(open_page, [*FOUR, *crowd], viewport=tall)
    flags(page).nth(1).click()
    page.locator("[data-note] summary").first.click()
    assert violations_by_theme(page) == []

    page.set_viewport_size({**PHONE, "height": 6000})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page, ["color-contrast", "target-size"]) == []
    page.emulate_media(forced_colors="active")
    expect(flags(page).first).to_be_visible()
