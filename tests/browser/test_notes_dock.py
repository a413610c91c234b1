""" "Note here" in the dock: on the call that plays, whatever page one is on."""

import re

import pytest
from playwright.sync_api import expect

from .noting import AT_ZERO, DESK, PARCEL, PAUSED, hear
from .test_looks import PHONE, violations_by_theme

pytestmark = pytest.mark.browser

CALL = PARCEL.split("/")[2]
FORM = "#dock-note"
TEXT = "#dock-note textarea"


def to_the_library(page):
    page.get_by_role("link", name="Library", exact=True).first.click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def to_the_room(page):
    page.locator("#dock-call").click()
    expect(page.get_by_role("heading", name=re.compile("Call of"))).to_be_visible()


@pytest.fixture
def library(open_page):
    """The library, while the call plays in the dock."""
    page = open_page("rosa", "/", viewport=DESK)
    page.get_by_role("button", name=f"Play the call {CALL}").click()
    hear(page)
    return page


def noted(page):
    """The words and times of the call's notes, as its room shows them."""
    page.goto(AT_ZERO)
    notes = page.locator("[data-note]").all()
    return [(n.get_attribute("data-start"), n.locator(".note-text").inner_text()) for n in notes]


def test_n_notes_the_second_that_plays_and_everything_goes_on(library):
    row = library.locator(".row-link").first
    row.focus()
    library.keyboard.press("n")
    library.wait_for_function(PAUSED)
    expect(library.locator(TEXT)).to_be_focused()
    when = library.locator("#dock-note-when").inner_text()
    library.keyboard.type("n from the library")

    library.keyboard.press("Control+Enter")

    expect(library.locator("#toast")).to_have_text("Note saved.")
    expect(library.locator(FORM)).to_be_hidden()
    expect(row).to_be_focused()
    hear(library)
    notes = library.evaluate("document.querySelector('#dock call-lanes').call.notes")
    assert [note["text"] for note in notes] == ["n from the library"]
    ((start, text),) = noted(library)
    assert text == "n from the library"
    assert re.fullmatch(rf"on .+ at 0:{float(start):04.1f}", when)


def test_the_button_does_it_too_and_escape_keeps_the_words(library):
    library.get_by_role("button", name="Note here").click()
    library.keyboard.type("Half a sen")
    library.keyboard.press("Escape")

    expect(library.locator(FORM)).to_be_hidden()
    expect(library.get_by_role("button", name="Note here")).to_be_focused()
    hear(library)
    library.keyboard.press("n")
    expect(library.locator(TEXT)).to_have_value("Half a sen")
    library.get_by_label("Private").check()
    library.get_by_role("button", name="Save note").click()

    expect(library.locator(FORM)).to_be_hidden()
    library.goto(AT_ZERO)
    expect(library.locator("[data-note]")).to_contain_text("private")


def test_cancel_drops_the_words(library):
    library.get_by_role("button", name="Note here").click()
    library.keyboard.type("Better not")

    library.locator(FORM).get_by_role("button", name="Cancel").click()

    expect(library.locator(FORM)).to_be_hidden()
    expect(library.get_by_role("button", name="Note here")).to_be_focused()
    hear(library)
    library.keyboard.press("n")
    expect(library.locator(TEXT)).to_have_value("")
    library.keyboard.press("Escape")
    to_the_room(library)
    expect(library.locator("#note-text")).to_have_value("")


def test_words_go_along_into_the_room_of_the_call(library):
    library.keyboard.press("n")
    library.keyboard.type("Begun elsewhere")

    to_the_room(library)

    expect(library.locator(FORM)).to_be_hidden()
    expect(library.locator("#note-text")).to_have_value("Begun elsewhere")
    library.get_by_role("button", name="Note here").click()
    expect(library.locator("#note-text")).to_be_focused()
    library.keyboard.press("Control+Enter")
    expect(library.locator("[data-note]")).to_contain_text("Begun elsewhere")
    expect(library.get_by_role("button", name="Note here")).to_be_focused()
    to_the_library(library)
    library.keyboard.press("n")
    expect(library.locator(TEXT)).to_have_value("")


def test_in_another_calls_room_the_dock_notes_its_own_call(library):
    library.locator(".row-link").filter(has_not_text=CALL).nth(1).click()
    expect(library.locator("#note-form")).to_be_visible()
    assert PARCEL not in library.url

    title = library.locator("#dock-call").inner_text()
    library.get_by_role("button", name="Note here").click()
    expect(library.locator("#dock-note-when")).to_contain_text(f"on {title} at 0:")
    library.keyboard.type("On the one that plays")
    library.keyboard.press("Control+Enter")

    expect(library.locator("#toast")).to_have_text("Note saved.")
    assert [text for _, text in noted(library)] == ["On the one that plays"]


def test_without_a_call_the_key_does_nothing(open_page):
    page = open_page("rosa", "/", viewport=DESK)

    page.keyboard.press("n")

    expect(page.locator(FORM)).to_be_hidden()


def test_the_key_is_typed_where_one_types(library):
    library.keyboard.press("/")
    library.keyboard.type("nn")

    expect(library.locator("#main input[type=search]")).to_have_value("nn")
    expect(library.locator(FORM)).to_be_hidden()


def test_another_call_takes_its_place_and_the_words_wait(library):
    library.keyboard.press("n")
    library.keyboard.type("About the parcel")
    other = library.locator(f"[data-play]:not([data-play={CALL}])").first
    other.click()
    expect(library.locator(FORM)).to_be_hidden()
    expect(library.locator("#toast")).to_contain_text("Your note is kept with its call")

    library.keyboard.press("n")
    expect(library.locator(TEXT)).to_have_value("")
    library.keyboard.press("Escape")
    library.get_by_role("button", name=f"Play the call {CALL}").click()
    expect(library.locator("#dock-call")).to_have_attribute("href", re.compile(CALL))
    library.keyboard.press("n")

    expect(library.locator(TEXT)).to_have_value("About the parcel")


FAILURES = (
    ({"status": 500}, "That did not work. Your note is kept"),
    ({"status": 403, "body": "Not you.", "content_type": "text/plain"}, "Not you."),
    (None, "The portal could not be reached. Your note is kept"),
)


def failing(answer):
    return lambda route: route.fulfill(**answer) if answer else route.abort()


def test_what_fails_is_told_and_the_words_are_kept(library, complaints):
    library.keyboard.press("n")
    library.keyboard.type("Stay with me")
    for answer, sentence in FAILURES:
        library.route("**/notes", failing(answer))

        library.keyboard.press("Control+Enter")

        expect(library.locator(FORM).get_by_role("alert")).to_contain_text(sentence)
        expect(library.locator(TEXT)).to_have_value("Stay with me")
        expect(library.locator(TEXT)).to_be_focused()
        library.unroute("**/notes")

    library.keyboard.press("Control+Enter")
    expect(library.locator(FORM)).to_be_hidden()
    assert [text for _, text in noted(library)] == ["Stay with me"]
    complaints.clear()


def test_what_the_server_refuses_is_told_in_its_words(library, complaints):
    library.keyboard.press("n")
    library.locator(FORM).locator("[name=start]").evaluate("field => (field.value = '9:99:99')")
    library.keyboard.type("Where?")

    library.keyboard.press("Control+Enter")

    expect(library.locator(FORM).get_by_role("alert")).to_contain_text("Type seconds")
    complaints.clear()


def test_who_was_signed_out_signs_in_and_saves_the_words(open_page, complaints):
    page = open_page("leo", "/", viewport=DESK)
    page.get_by_role("button", name=f"Play the call {CALL}").click()
    hear(page)
    cookies = page.context.cookies()
    page.keyboard.press("n")
    page.wait_for_function(PAUSED)
    page.keyboard.type("Still mine")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Control+Enter")
    expect(page.locator(FORM).get_by_role("alert")).to_contain_text("You were signed out.")
    expect(page.locator("#dock-sign-in")).to_be_visible()

    page.context.add_cookies(cookies)
    page.locator(TEXT).press("Control+Enter")

    expect(page.locator(FORM)).to_be_hidden()
    assert "Still mine" in [text for _, text in noted(page)]
    complaints.clear()


def test_a_note_without_words_is_not_sent(library):
    asked = []
    library.on("request", lambda request: asked.append(request.url))
    library.keyboard.press("n")

    library.keyboard.press("Control+Enter")

    assert not [url for url in asked if url.endswith("/notes")]
    expect(library.locator(TEXT)).to_be_focused()


def test_the_form_serves_everybody_on_a_phone(open_page):
    page = open_page("rosa", AT_ZERO, viewport=PHONE)
    expect(page.locator("#dock .has-lanes")).to_be_visible()
    to_the_library(page)
    page.get_by_role("button", name="Note here").click()
    boxes = page.locator(f"{FORM} button").evaluate_all(
        "all => all.map((button) => button.getBoundingClientRect().toJSON())"
    )

    assert all(box["width"] >= 44 and box["height"] >= 44 for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size({**PHONE, "height": 3000})
    assert violations_by_theme(page) == []


def test_what_has_the_focus_is_never_below_the_form(open_page, complaints):
    page = open_page("rosa", AT_ZERO, viewport=DESK)
    expect(page.locator("#dock .has-lanes")).to_be_visible()
    to_the_library(page)
    page.keyboard.press("n")
    page.locator(FORM).locator("[name=start]").evaluate("field => (field.value = '9:99')")
    page.locator(TEXT).fill("Where?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(FORM).get_by_role("alert")).to_be_visible()

    for viewport in (DESK, {"width": 1280, "height": 600}, PHONE):
        page.set_viewport_size(viewport)
        page.evaluate("scrollTo(0, 0)")
        bottoms = page.locator(".row-link").evaluate_all(
            "all => all.map((link) => (link.focus(), link.getBoundingClientRect().bottom))"
        )
        assert max(bottoms) <= page.locator("#dock").bounding_box()["y"], viewport
    complaints.clear()
