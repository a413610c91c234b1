"""What is typed of a note and not saved: neither another page nor a sign-in loses it."""

import re

import pytest
from playwright.sync_api import expect

from .noting import AT_ZERO, DESK, PARCEL, line, room_with_notes

pytestmark = pytest.mark.browser

TEXT = "#note-text"


@pytest.fixture
def room(open_page):
    return room_with_notes(open_page, [])


def change_elsewhere(page):
    """The first note reads "Theirs." by another tab."""
    tab = page.context.new_page()
    tab.goto(AT_ZERO)
    line(tab, "First.").locator("summary").click()
    line(tab, "First.").locator("textarea").fill("Theirs.")
    line(tab, "First.").get_by_role("button", name="Save changes").click()
    expect(line(tab, "Theirs.")).to_have_count(1)


def test_words_outlive_a_change_of_the_panel_by_another_note(open_page):
    page = room_with_notes(
        open_page, [{"start": 2, "text": "First."}, {"start": 5, "text": "Second."}]
    )
    page.locator(TEXT).fill("Half a sent")
    page.locator("#note-private").check()
    line(page, "First.").locator("summary").click()
    line(page, "First.").locator("textarea").fill("First, but better.")

    line(page, "Second.").get_by_role("button", name="Resolve").click()

    expect(line(page, "Second.")).to_contain_text("resolved")
    expect(line(page, "Second.").locator(".note-time")).to_be_focused()
    expect(page.locator(TEXT)).to_have_value("Half a sent")
    expect(page.locator("#note-private")).to_be_checked()
    expect(line(page, "First.").locator("textarea")).to_have_value("First, but better.")
    line(page, "First.").get_by_role("button", name="Save changes").click()

    expect(line(page, "First, but better.").locator("details")).not_to_have_attribute("open", "")
    expect(page.locator(TEXT)).to_have_value("Half a sent")
    expect(line(page, "First, but better.").locator(".note-time")).to_be_focused()


def test_an_edit_of_what_was_changed_meanwhile_is_no_silent_end_of_it(open_page, complaints):
    page = room_with_notes(open_page, [{"start": 2, "text": "First."}, {"start": 5, "text": "B."}])
    number = line(page, "First.").get_attribute("data-note")
    line(page, "First.").locator("summary").click()
    line(page, "First.").locator("textarea").fill("Mine.")
    change_elsewhere(page)
    # The panel is another one by now, with the note as it is.
    line(page, "B.").get_by_role("button", name="Resolve").click()
    note = page.locator(f"#note-{number}")
    expect(note.locator(".note-text")).to_have_text("Theirs.")

    note.get_by_role("button", name="Save changes").click()

    expect(note.get_by_role("alert")).to_contain_text("changed meanwhile")
    expect(note.locator("textarea")).to_have_value("Mine.")
    note.get_by_role("button", name="Save changes").click()
    expect(note.locator(".note-text")).to_have_text("Mine.")
    complaints.clear()


def test_words_outlive_another_page(room):
    room.locator("#note-start").fill("0:07")
    room.locator(TEXT).fill("To be continued")
    for come_back in (None, room.go_back, room.locator("#dock-call").click):
        if come_back is None:
            room.reload()
        else:
            room.get_by_role("link", name="Library", exact=True).first.click()
            expect(room.get_by_role("heading", name="Library")).to_be_visible()
            come_back()
        expect(room.get_by_role("heading", name=re.compile("Call of"))).to_be_visible()
        expect(room.locator(TEXT)).to_have_value("To be continued")
        expect(room.locator("#note-start")).to_have_value("0:07")

    room.get_by_role("button", name="Save note").click()
    expect(line(room, "To be continued")).to_have_count(1)
    room.reload()
    expect(room.locator(TEXT)).to_have_value("")


def test_words_outlive_a_sign_in_and_nobody_else_finds_them(open_page, portal, complaints):
    page = open_page(None, "/accounts/login/", viewport=DESK)

    def sign_in(name):
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(portal.password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign out").wait_for()

    sign_in("mia")
    page.goto(AT_ZERO)
    page.locator(TEXT).fill("Mine alone")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    sign_in("mia")

    expect(page).to_have_url(re.compile(PARCEL))
    expect(page.locator(TEXT)).to_have_value("Mine alone")
    page.context.clear_cookies(name="sessionid")
    page.goto("/accounts/login/")
    sign_in("leo")
    page.goto(AT_ZERO)
    expect(page.locator(TEXT)).to_have_value("")
    assert "Mine alone" not in page.evaluate("JSON.stringify(sessionStorage)")
    complaints.clear()


def test_a_note_that_did_not_arrive_is_sent_again_as_one(room, complaints):
    lost = []

    def lose(route):
        lost.append(route.fetch().status)
        route.abort()

    room.keyboard.press("n")
    room.keyboard.type("Once.")
    room.route("**/notes", lose)
    room.keyboard.press("Control+Enter")
    expect(room.locator("#toast")).to_contain_text("could not be reached")
    assert lost == [200]
    expect(room.locator(TEXT)).to_be_editable()
    room.unroute("**/notes")

    room.keyboard.press("Control+Enter")

    expect(line(room, "Once.")).to_have_count(1)
    complaints.clear()


CANCEL = "Cancel"
CLOSE = "the summary"


@pytest.mark.parametrize(
    ("state", "way"),
    [("typed", CLOSE), ("brought back", CANCEL), ("refused", CLOSE), ("refused", CANCEL)],
)
def test_an_edit_that_is_closed_is_given_up(state, way, open_page, complaints):
    page = room_with_notes(open_page, [{"start": 2, "text": "First."}, {"start": 5, "text": "B."}])
    note = page.locator(f"#note-{line(page, 'First.').get_attribute('data-note')}")
    note.locator("summary").click()
    note.locator("textarea").fill("Second thoughts")
    page.locator(TEXT).fill("Of another note")
    if state == "brought back":
        line(page, "B.").get_by_role("button", name="Resolve").click()
        expect(line(page, "B.")).to_contain_text("resolved")
    elif state == "refused":
        note.get_by_label("From").fill("9:99")
        note.get_by_role("button", name="Save changes").click()
        expect(note.get_by_role("alert")).to_contain_text("Type seconds")
    expect(note.locator("textarea")).to_have_value("Second thoughts")

    if way == CANCEL:
        note.get_by_role("button", name=CANCEL).click()
    else:
        note.locator("summary").click()

    expect(note.locator("details")).not_to_have_attribute("open", "")
    expect(note.locator("summary")).to_be_focused()
    expect(note.get_by_role("alert")).to_have_count(0)
    expect(page.locator(TEXT)).to_have_value("Of another note")
    note.locator("summary").click()
    expect(note.locator("textarea")).to_have_value("First.")
    expect(note.get_by_label("From")).to_have_value("0:02")
    page.reload()
    expect(note.locator("details")).not_to_have_attribute("open", "")
    note.locator("summary").click()
    expect(note.locator("textarea")).to_have_value("First.")
    complaints.clear()


def test_an_edit_given_up_after_another_change_is_begun_anew_without_a_refusal(open_page):
    page = room_with_notes(open_page, [{"start": 2, "text": "First."}, {"start": 5, "text": "B."}])
    note = page.locator(f"#note-{line(page, 'First.').get_attribute('data-note')}")
    note.locator("summary").click()
    note.locator("textarea").fill("Mine.")
    change_elsewhere(page)
    line(page, "B.").get_by_role("button", name="Resolve").click()
    expect(note.locator(".note-text")).to_have_text("Theirs.")
    expect(note.locator("textarea")).to_have_value("Mine.")

    held = []
    page.route("**/notes", lambda route: held.append(route))
    with page.expect_request("**/notes"):
        note.get_by_role("button", name=CANCEL).click()
    expect(note.locator("details")).not_to_have_attribute("open", "")
    # Opened again while the panel with the note as it is now is still on its way.
    note.locator("summary").click()
    with page.expect_response("**/notes"):
        held[0].continue_()
    expect(note.locator("textarea")).to_have_value("Theirs.")
    note.locator("textarea").fill("Ours.")
    note.get_by_role("button", name="Save changes").click()

    expect(note.locator(".note-text")).to_have_text("Ours.")
