"""A call with many notes: the panel has a part of them, and each can be reached."""

import pytest
from playwright.sync_api import expect

from .noting import AT_ZERO, DESK, PARCEL, leave_many, line, second
from .test_looks import AXE, violations

pytestmark = pytest.mark.browser

FLAG = "call-room .lanes-flag"


@pytest.fixture
def many(portal, open_page):
    """Opens a page once its call has 120 notes, five in each second."""

    def opening(path=AT_ZERO, **options):
        page = open_page("rosa", "/", viewport=DESK, **options)
        leave_many(portal, [{"start": n / 5, "text": f"Number {n}."} for n in range(120)])
        page.goto(path)
        return page

    return opening


def shown(page):
    texts = page.locator(".note-text").all_text_contents()
    return texts[0], texts[-1]


def test_the_next_part_comes_and_what_was_pressed_keeps_a_place_for_the_focus(many):
    page = many()
    assert shown(page) == ("Number 0.", "Number 49.")
    later = page.get_by_role("link", name="Later notes")
    later.focus()
    page.keyboard.press("Enter")

    expect(page.locator(".note").first).to_contain_text("Number 50.")
    expect(page.locator(".note-time").first).to_be_focused()
    assert page.locator(".note-list").evaluate("list => list.scrollTop") == 0
    assert page.locator(FLAG).count() > 3
    page.evaluate(AXE)
    assert violations(page, ["link-name", "color-contrast", "landmark-unique"]) == []
    page.get_by_role("link", name="Earlier notes").click()
    expect(page.locator(".note").first).to_contain_text("Number 0.")


def test_the_mark_of_a_note_in_another_part_brings_it(many):
    page = many()
    page.locator(FLAG).last.click()

    current = page.locator("[data-note][aria-current]")
    expect(current).to_be_in_viewport()
    assert shown(page) == ("Number 100.", "Number 119.")
    assert second(page) == pytest.approx(float(current.get_attribute("data-start")), abs=0.1)
    expect(page.locator(FLAG).last).to_be_focused()
    page.locator(FLAG).first.click()
    expect(page.locator("[data-note][aria-current]")).to_contain_text("Number 0.")
    assert shown(page)[0] == "Number 0."


def test_of_two_marks_that_are_pressed_at_once_the_second_counts(many):
    page = many(f"{PARCEL}?t=12&channel=mixed")
    assert shown(page)[0] == "Number 50."
    page.locator(FLAG).first.wait_for()
    page.evaluate(f"""() => {{
      const flags = document.querySelectorAll("{FLAG}");
      flags[0].click();
      flags[flags.length - 1].click();
    }}""")

    expect(page.locator("[data-note][aria-current]")).to_be_in_viewport()
    assert shown(page)[1] == "Number 119."


def test_a_mark_whose_note_does_not_come_is_told_of_and_forgotten(many, complaints):
    page = many()
    page.route("**/notes?*note=*", lambda route: route.abort())
    page.locator(FLAG).last.click()
    expect(page.locator("#toast")).to_contain_text("could not be reached")
    page.get_by_role("link", name="Later notes").click()

    expect(page.locator(".note").first).to_contain_text("Number 50.")
    page.wait_for_load_state("networkidle")
    assert shown(page)[0] == "Number 50."
    complaints.clear()


def test_a_link_to_a_note_in_another_part_reaches_it(many):
    page = many()
    number = page.evaluate("document.querySelector('call-room').call.notes[70].id")
    page.goto("/")
    page.goto(f"{PARCEL}#note-{number}")

    expect(line(page, "Number 70.")).to_be_in_viewport()


def test_a_note_that_moves_to_another_part_is_followed_there(many):
    page = many()
    page.locator(".note").first.locator("summary").click()
    page.locator(".note").first.get_by_label("From").fill("23.9")
    page.locator(".note").first.get_by_role("button", name="Save changes").click()

    expect(line(page, "Number 0.").locator(".note-time")).to_be_focused()
    assert shown(page) == ("Number 101.", "Number 0.")


def test_words_typed_in_one_part_are_there_when_one_comes_back(many):
    page = many()
    page.locator("#note-text").fill("New words.")
    first = page.locator(".note").first
    first.locator("summary").click()
    first.get_by_role("textbox", name="Note").fill("Other words.")
    page.get_by_role("link", name="Later notes").click()
    expect(first).to_contain_text("Number 50.")
    expect(page.locator("#note-text")).to_have_value("New words.")
    page.get_by_role("link", name="Earlier notes").click()

    expect(first.get_by_role("textbox", name="Note")).to_have_value("Other words.")


def test_without_scripts_the_parts_are_pages(many):
    page = many(java_script_enabled=False)
    page.get_by_role("link", name="Later notes").click()
    expect(page.locator(".note").first).to_contain_text("Number 50.")
    expect(page.locator(".note").last).to_contain_text("Number 99.")
    line(page, "Number 60.").get_by_role("button", name="Delete").click()

    expect(page.locator("#notes .count")).to_have_text("119")
    expect(page.locator(".note").last).to_contain_text("Number 100.")
