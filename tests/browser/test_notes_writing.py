"""Writing notes beside a call: by a key and back, and nothing that was typed is lost."""

import re

import pytest
from playwright.sync_api import expect

from .noting import (
    AT_ZERO,
    AUDIO,
    DESK,
    PAUSED,
    hear,
    leave_note,
    line,
    room_with_notes,
    second,
)

pytestmark = pytest.mark.browser

TEXT = "#note-text"


@pytest.fixture
def room(open_page):
    return room_with_notes(open_page, [])


def test_n_stops_the_sound_and_takes_the_second_and_saving_goes_back(room):
    field = room.locator(".turns")
    field.focus()
    room.keyboard.press("k")
    hear(room)

    room.keyboard.press("n")

    room.wait_for_function(PAUSED)
    expect(room.locator(TEXT)).to_be_focused()
    at = second(room)
    assert 0 < at < 10
    assert room.locator("#note-start").input_value() == f"0:0{int(at * 10 + 1e-6) / 10}"
    expect(room.locator("#note-end")).to_have_value("")
    room.keyboard.type("n said at once.")
    room.keyboard.press("Control+Enter")

    expect(line(room, "n said at once.")).to_have_count(1)
    expect(room.locator("#toast")).to_have_text("Note saved.")
    expect(field).to_be_focused()
    hear(room)
    expect(room.locator(TEXT)).to_have_value("")


def test_escape_goes_back_as_well_and_keeps_the_words(room):
    room.keyboard.press("n")
    room.keyboard.type("Not yet")

    room.keyboard.press("Escape")

    assert room.evaluate("document.activeElement === document.body")
    assert room.evaluate(f"{AUDIO}.paused")
    expect(room.locator(TEXT)).to_have_value("Not yet")
    room.evaluate("document.querySelector('call-room').seek(9)")
    room.keyboard.press("n")
    # They are about the second at which they were begun.
    expect(room.locator("#note-start")).to_have_value("0:00.0")


def test_who_played_meanwhile_is_left_to_it(room):
    room.keyboard.press("k")
    hear(room)
    room.keyboard.press("n")
    room.wait_for_function(PAUSED)
    room.locator("#dock [data-do=toggle]").click()
    hear(room)
    room.locator("#dock [data-do=toggle]").click()
    room.wait_for_function(PAUSED)

    room.locator(TEXT).fill("Said later.")
    room.locator(TEXT).press("Control+Enter")

    expect(line(room, "Said later.")).to_have_count(1)
    assert room.evaluate(f"{AUDIO}.paused")


def test_who_clicks_into_the_words_notes_this_second_too(room):
    room.evaluate("document.querySelector('call-room').seek(9)")
    room.locator(TEXT).click()
    expect(room.locator("#note-start")).to_have_value("0:09.0")
    room.locator("#note-private").focus()
    room.evaluate("document.querySelector('call-room').seek(4)")

    room.locator(TEXT).click()
    expect(room.locator("#note-start")).to_have_value("0:04.0")
    room.keyboard.type("Clicked.")
    room.keyboard.press("Control+Enter")

    expect(line(room, "Clicked.")).to_have_attribute("data-start", "4")


def test_a_second_that_was_typed_first_stays(room):
    room.locator("#note-start").fill("0:07")

    room.locator(TEXT).click()

    expect(room.locator("#note-start")).to_have_value("0:07")


def test_a_range_is_noted_by_its_button(room):
    room.evaluate("document.querySelector('call-room').setRange([6, 9.5])")

    room.get_by_role("button", name="Note", exact=True).click()

    expect(room.locator("#note-start")).to_have_value("0:06.0")
    expect(room.locator("#note-end")).to_have_value("0:09.5")
    room.keyboard.type("All of this.")
    room.get_by_role("button", name="Save note").click()
    expect(line(room, "All of this.")).to_contain_text("0:06–0:09")
    expect(room.get_by_role("button", name="Note", exact=True)).to_be_focused()


def test_at_the_very_end_of_the_call_there_is_a_second_too(room):
    room.evaluate("(room => room.seek(room.call.length))(document.querySelector('call-room'))")

    room.keyboard.press("n")
    room.keyboard.type("The end.")
    room.keyboard.press("Control+Enter")

    expect(line(room, "The end.")).to_have_count(1)


def test_the_key_is_told_and_can_be_switched_off(room):
    expect(room.locator("#dock [data-do=note]")).to_have_attribute("aria-keyshortcuts", "n")
    room.keyboard.press("?")
    expect(room.get_by_role("row", name="Note at this second")).to_contain_text("n")
    room.keyboard.press("n")
    expect(room.locator(TEXT)).not_to_be_focused()
    room.get_by_label("Use these keys").uncheck()
    room.keyboard.press("Escape")

    room.keyboard.press("n")

    expect(room.locator(TEXT)).not_to_be_focused()


def test_other_chords_with_n_are_not_ours(room):
    taken = room.evaluate(
        """() => ["ctrlKey", "altKey", "metaKey"].filter((modifier) => {
            const event = new KeyboardEvent("keydown", {
              key: "n", bubbles: true, cancelable: true, [modifier]: true,
            });
            return !document.body.dispatchEvent(event);
        })"""
    )

    assert taken == []
    expect(room.locator(TEXT)).not_to_be_focused()


def test_what_is_refused_says_why_beside_its_field_and_keeps_the_words(room, complaints):
    room.keyboard.press("n")
    room.locator("#note-start").fill("9:99")
    room.locator(TEXT).fill("Some words")
    room.locator(TEXT).press("Control+Enter")

    start = room.locator("#note-start")
    expect(start).to_have_attribute("aria-invalid", "true")
    expect(start).to_be_focused()
    expect(room.locator(TEXT)).to_have_value("Some words")
    start.fill("4")
    start.press("Enter")

    expect(line(room, "Some words")).to_have_count(1)
    complaints.clear()


_RIGHT = """
from django.contrib.auth.models import Group, Permission
right = Permission.objects.get(codename="add_note", content_type__app_label="recordings")
Group.objects.get(name="Reviewer").permissions.{verb}(right)
"""


def test_who_may_not_write_is_offered_nothing_and_sees_the_notes(open_page, portal):
    room_with_notes(open_page, [{"start": 2, "text": "First."}], person="leo")
    portal.run(_RIGHT.format(verb="remove"))
    try:
        page = open_page("mia", AT_ZERO, viewport=DESK)
        expect(page.locator("#dock .has-lanes")).to_be_visible()
        expect(line(page, "First.")).to_have_count(1)
        expect(page.locator(".lanes-flag")).to_have_count(1)

        page.keyboard.press("n")

        assert page.evaluate("document.activeElement === document.body")
        assert page.locator("[data-note-here], [data-do=note], #dock-note, #note-form").count() == 0
    finally:
        portal.run(_RIGHT.format(verb="add"))


def test_a_deleted_note_leaves_the_focus_at_the_next(open_page):
    page = room_with_notes(open_page, [{"start": 2, "text": "One."}, {"start": 5, "text": "Two."}])
    page.on("dialog", lambda dialog: dialog.accept())

    line(page, "One.").get_by_role("button", name="Delete").click()

    expect(line(page, "One.")).to_have_count(0)
    expect(line(page, "Two.").locator(".note-time")).to_be_focused()


def test_space_ticks_a_box_and_leaves_the_sound_alone(room):
    room.locator("#note-private").focus()

    room.keyboard.press("Space")

    expect(room.locator("#note-private")).to_be_checked()
    assert room.evaluate(f"{AUDIO}.paused")


def test_a_call_without_sound_has_notes_too(open_page):
    page = open_page("rosa", "/", viewport=DESK)
    expired = page.get_by_role("row").filter(has_text="Expired").locator(".row-link").first
    path = expired.evaluate("link => link.pathname")
    leave_note(page, 3, "Still here.", room=path)
    page.goto(path)
    assert page.locator("call-room").count() == 0

    page.keyboard.press("n")

    expect(page.locator("#note-form :focus")).to_have_count(1)
    line(page, "Still here.").locator(".note-time").click()
    expect(page).to_have_url(re.compile(r"\?t=3$"))
