"""The panel of notes as it stands in the room: for everybody, and of use without scripts."""

import json

import pytest
from playwright.sync_api import expect

from .pages import PAGES
from .test_looks import AXE, DESK, PHONE, TALL, settled, violations

pytestmark = pytest.mark.browser

_, ROOM = PAGES["missing parcel"]
_MANY = """
import json, uuid
from django.contrib.auth.models import User
from django.utils import timezone
from recordings.models import Note, Session
call = Session.objects.get(kallglot_id="{call}")
people = dict((user.username, user) for user in User.objects.all())
for n, (author, settled, facts) in enumerate(json.loads('''{notes}''')):
    author, by = people[author], people["ada"] if settled else None
    Note.objects.create(session=call, author=author, author_name=author.username, key=uuid.uuid4(),
        start=n, resolved_by=by, resolved_at=by and timezone.now(), **facts)
"""
# Who wrote it, whether it is settled, and the rest.
EVERY_KIND = [
    ("leo", False, {"text": "Short."}),
    ("rosa", True, {"text": "A range, settled.\n\nWith two paragraphs.", "end": 7.25}),
    ("leo", False, {"text": "Mine alone.", "is_private": True}),
    ("leo", True, {"text": "Mine alone, settled.", "is_private": True, "end": 20}),
    ("ada", False, {"text": "Donaudampfschifffahrt" * 20}),
    ("ada", True, {"text": "https://tickets.example/" + "a/" * 200}),
    ("rosa", False, {"text": "\u0645\u0644\u0627\u062d\u0638\u0629 \u0639\u0644\u0649 4711 " * 9}),
    *(("rosa", bool(n % 2), {"text": f"Number {n}."}) for n in range(7, 12)),
]


def leave_all(portal, notes):
    call = ROOM.split("/")[2]
    # The text passes through a string of Python before it is read as JSON.
    told = json.dumps(notes).replace("\\", "\\\\")
    portal.run(_MANY.format(call=call, notes=told))


def test_notes_of_every_kind_are_there_for_everybody(open_page, portal, complaints):
    page = open_page("leo", "/", color_scheme="light", **DESK)
    leave_all(portal, EVERY_KIND)
    page.goto(ROOM)
    settled(page)
    first = page.locator(".note").first
    first.locator("summary").click()
    first.get_by_label("From").fill("never")
    first.get_by_role("button", name="Save changes").click()
    expect(first.get_by_role("alert")).to_contain_text("Type seconds")
    page.evaluate(AXE)

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for size in (TALL, {**PHONE, "height": 6000}):
            page.set_viewport_size(size)
            settled(page)
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            inside = "list => [list.scrollWidth - list.clientWidth, list.scrollHeight]"
            sticks_out, height = page.locator(".note-list").evaluate(inside)
            assert sticks_out == 0
            assert height > 500
    assert all("422" in text for text in complaints)
    complaints.clear()


def test_the_list_stays_where_it_was_scrolled_to(open_page, portal):
    page = open_page("leo", "/", **DESK)
    leave_all(portal, EVERY_KIND)
    page.goto(ROOM)
    last = page.locator(".note").last
    last.scroll_into_view_if_needed()
    scrolled = page.locator(".note-list").evaluate("list => list.scrollTop")
    assert scrolled > 100

    last.get_by_role("button", name="Reopen").click()

    expect(last.get_by_role("button", name="Resolve")).to_be_visible()
    assert page.locator(".note-list").evaluate("list => list.scrollTop") == scrolled


def test_without_scripts_notes_are_written_changed_settled_and_deleted(open_page, complaints):
    page = open_page("rosa", ROOM, java_script_enabled=False, **DESK)
    form = page.get_by_role("form", name="New note")
    form.get_by_label("Note").fill("Said too much.\nTwice.")
    form.get_by_label("From").fill("1:75")
    form.get_by_role("button", name="Save note").click()
    expect(page.get_by_role("alert")).to_contain_text("Type seconds")
    expect(form.get_by_label("Note")).to_have_value("Said too much.\nTwice.")

    form.get_by_label("From").fill("0:12.5")
    form.get_by_label("to", exact=True).fill("15")
    form.get_by_role("button", name="Save note").click()
    note = page.locator(".note")
    expect(note).to_contain_text("0:12–0:15")
    assert page.url.endswith(f"#{note.get_attribute('id')}")

    note.locator("summary").click()
    note.get_by_role("textbox", name="Note").fill("Said enough.")
    note.get_by_label("Private").check()
    note.get_by_role("button", name="Save changes").click()
    expect(note.locator(".note-text")).to_have_text("Said enough.")
    expect(note).to_contain_text("private")
    note.get_by_role("button", name="Resolve").click()
    expect(note).to_contain_text("resolved")
    note.get_by_role("link", name="0:12").click()
    assert "?t=12.5&to=15" in page.url
    note.get_by_role("button", name="Delete").click()
    expect(page.locator("#notes")).to_contain_text("Nobody has left a note")
    assert all("422" in text for text in complaints)
    complaints.clear()


def test_a_button_tells_which_note_it_means(open_page, portal):
    page = open_page("leo", "/", **DESK)
    leave_all(portal, EVERY_KIND)
    page.goto(ROOM)
    pressed = page.locator(".note-actions").locator("summary, .note-buttons button")
    names = pressed.evaluate_all(
        "all => all.map((button) => [button.textContent, button.ariaLabel])"
    )

    assert names[:3] == [
        ["Resolve", "Resolve note at 0:00 by leo: Short."],
        ["Delete", "Delete note at 0:00 by leo: Short."],
        ["Edit", "Edit note at 0:00 by leo: Short."],
    ]
    settled_range = "Reopen note at 0:01–0:07 by rosa: A range, settled. With two paragraphs."
    assert ["Reopen", settled_range] in names
    assert all(name.startswith(f"{words} note at ") for words, name in names)
    assert len(set(map(tuple, names))) == len(names)
