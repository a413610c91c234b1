"""Notes on a call: who sees them, who writes them, and what the trail says of it."""

import html
import json
import re
from uuid import uuid4

import pytest

from recordings.models import AuditEvent, Note
from tests.conftest import CALL
from tests.factories import make_recording, make_session

HTMX = {"HX-Request": "true"}
ROOM = f"/sessions/{CALL}/"
NOTES = f"/sessions/{CALL}/notes"


@pytest.fixture
def known(db):
    """A call of a minute."""
    session = make_session(CALL, duration=60)
    make_recording(session, "rec_mixed", duration=60.0)
    return session


def leave(client, headers=None, address=NOTES, **fields):
    """Send the form of a new note."""
    sent = {"start": "12.3", "text": "Listen here.", "key": str(uuid4()), **fields}
    return client.post(address, sent, headers=headers)


def told(answer) -> list[dict]:
    """What the panel of a page tells the player."""
    found = re.search(r'data-notes="([^"]*)"', answer.text)
    return json.loads(html.unescape(found[1]))


def rows():
    return list(AuditEvent.objects.order_by("pk").values_list("user_name", "action", "reason"))


def test_a_note_stands_in_the_panel_and_in_the_players_facts(clients, known):
    answer = leave(clients["reviewer"], HTMX, start="1:02.5", text="Late?\r\nNo.", end="")
    assert answer.status_code == 422

    answer = leave(clients["reviewer"], HTMX, start="0:12.3", end="15", text="Late?\r\nNo.")

    note = Note.objects.get()
    fact = {
        "id": note.pk,
        "start": 12.3,
        "end": 15.0,
        "text": "Late?\nNo.",
        "author": "reviewer",
        "private": False,
        "resolved": False,
    }
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<section")
    assert f'href="{ROOM}?t=12.3&amp;to=15"' in answer.text
    assert told(answer) == told(clients["lead"].get(ROOM)) == [fact]
    assert clients["lead"].get(f"/sessions/{CALL}/listening").json()["notes"] == [fact]
    assert rows() == [("reviewer", "note_added", f"note {note.pk}")]


def test_without_scripts_a_form_leads_back_to_its_note(clients, known):
    answer = leave(clients["reviewer"], address=f"{NOTES}?list=q%3Dx")

    note = Note.objects.get()
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{ROOM}?list=q%3Dx#note-{note.pk}"


def test_a_private_note_is_its_authors_alone(clients, known):
    leave(clients["reviewer"], private="on", text="mine alone")
    number = Note.objects.get().pk

    assert told(clients["reviewer"].get(ROOM))[0]["private"] is True
    for role in ("lead", "administrator"):
        for address in (ROOM, NOTES, f"/sessions/{CALL}/listening", "/", "/?q=alone"):
            assert "mine alone" not in clients[role].get(address).text
        for change in ("", "/delete", "/resolve"):
            assert clients[role].post(f"/notes/{number}{change}").status_code == 404
