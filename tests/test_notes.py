"""Notes on a call: who sees and changes them, and what the trail says of it."""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import connection

from recordings.models import AuditEvent, Note, SearchDocument
from recordings.roles import REVIEWER, grant
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.noting import HTMX, NOTES, ROOM, change, leave, left, told, words

PLAYER = f"/sessions/{CALL}/listening"


@pytest.fixture
def known(db):
    """A call of a minute."""
    session = make_session(CALL, duration=60)
    make_recording(session, "rec_mixed", duration=60.0)
    return session


def test_a_note_stands_in_the_panel_and_in_the_players_facts(clients, known):
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
    assert f'href="{ROOM}?t=12.3&amp;to=15">0:12–0:15<' in answer.text
    assert f'data-note="{note.pk}" data-start="12.3" data-end="15"' in answer.text
    assert told(answer) == told(clients["lead"].get(ROOM)) == [fact]
    assert clients["lead"].get(PLAYER).json()["notes"] == [fact]
    assert words(answer) == ["Late?\nNo."]


def test_notes_stand_in_the_order_of_the_call_and_the_player_gets_their_beginning(clients, known):
    for start in ("40", "3", "20"):
        leave(clients["reviewer"], start=start, text=f"{start} " + "x" * 200)

    found = told(clients["lead"].get(NOTES, headers=HTMX))

    assert [note["start"] for note in found] == [3, 20, 40]
    assert {len(note["text"]) for note in found} == {80}


def test_without_scripts_a_form_leads_back_to_its_note(clients, known):
    answer = leave(clients["reviewer"], address=f"{NOTES}?list=q%3Dx")
    note = Note.objects.get()
    there = f"{ROOM}?list=q%3Dx#note-{note.pk}"

    assert (answer.status_code, answer.headers["Location"]) == (302, there)
    edited = clients["reviewer"].post(
        f"/notes/{note.pk}?list=q%3Dx", {"start": "1", "text": "x", "version": "1"}
    )
    assert (edited.status_code, edited.headers["Location"]) == (302, there)
    deleted = clients["reviewer"].post(f"/notes/{note.pk}/delete?list=q%3Dx")
    assert (deleted.status_code, deleted.headers["Location"]) == (
        302,
        f"{ROOM}?list=q%3Dx#notes",
    )


def test_the_panel_is_a_fragment_for_htmx_and_the_room_for_everybody_else(clients, known):
    fragment = clients["reviewer"].get(NOTES, headers=HTMX)
    page = clients["reviewer"].get(NOTES)
    back = clients["reviewer"].get(NOTES, headers={**HTMX, "HX-History-Restore-Request": "true"})

    assert "<html" not in fragment.text
    assert "HX-Request" in fragment.headers["Vary"]
    for answer in (page, back):
        assert "<!doctype html>" in answer.text
        assert 'id="notes"' in answer.text
        assert 'id="recordings"' in answer.text


def test_a_private_note_is_its_authors_alone(clients, known):
    note = left(clients["reviewer"], private="on", text="mine alone")
    note_of_all = left(clients["reviewer"], text="for all")

    assert [n["private"] for n in told(clients["reviewer"].get(ROOM))] == [True, False]
    assert clients["reviewer"].get(PLAYER).json()["notes"][0]["text"] == "mine alone"
    for role in ("lead", "administrator"):
        client = clients[role]
        assert [n["id"] for n in told(client.get(ROOM))] == [note_of_all.pk]
        assert [n["id"] for n in client.get(PLAYER).json()["notes"]] == [note_of_all.pk]
        for address in (
            ROOM,
            NOTES,
            "/",
            "/?q=alone",
            f"/admin/auth/user/{note.author_id}/delete/",
        ):
            assert "mine alone" not in client.get(address).text
        table = client.post("/exports/", {"kind": "csv", "session": CALL})
        assert b"mine alone" not in b"".join(table.streaming_content)
        for path, sent in (("", {"version": 1}), ("/delete", {}), ("/resolve", {"resolved": 1})):
            hidden = client.post(f"/notes/{note.pk}{path}", sent, headers=HTMX)
            absent = client.post(f"/notes/999999{path}", sent, headers=HTMX)
            assert hidden.status_code == absent.status_code == 404
            assert hidden.content == absent.content
    for stored in (SearchDocument, AuditEvent):
        assert "mine alone" not in str(list(stored.objects.values()))
    assert str(note) == f"note {note.pk}"
    assert Note.objects.get(pk=note.pk).resolved_at is None


def test_the_author_edits_and_nobody_else_does(clients, known):
    note = left(clients["reviewer"])

    for role in ("lead", "administrator"):
        answer = change(clients[role], note, HTMX, text="other words")
        assert (answer.status_code, answer.text) == (403, "Only its author may edit a note.")
    answer = change(clients["reviewer"], note, HTMX, start="1:00", text="better", private="on")

    assert answer.status_code == 200
    (fact,) = told(answer)
    assert (fact["start"], fact["end"], fact["text"], fact["private"]) == (60, None, "better", True)
    assert ">edited<" in answer.text
    note.refresh_from_db()
    assert (note.version, note.author_name) == (2, "reviewer")


def test_leads_delete_the_teams_notes_and_reviewers_their_own(clients, known, person):
    note = left(clients["lead"])

    refused = clients["reviewer"].post(f"/notes/{note.pk}/delete", headers=HTMX)
    assert (refused.status_code, refused.text) == (
        403,
        "Only its author and leads may delete a note.",
    )
    mine = left(clients["reviewer"])
    assert told(clients["reviewer"].post(f"/notes/{mine.pk}/delete", headers=HTMX)) != []
    theirs = left(clients["reviewer"])
    for client, number in ((clients["administrator"], note.pk), (clients["lead"], theirs.pk)):
        assert client.post(f"/notes/{number}/delete", headers=HTMX).status_code == 200
    assert not Note.objects.exists()
    assert clients["lead"].post(f"/notes/{note.pk}/delete").status_code == 404


def test_whoever_writes_settles_and_reopens(clients, known):
    note = left(clients["lead"])

    for _ in range(2):
        answer = clients["reviewer"].post(
            f"/notes/{note.pk}/resolve", {"resolved": "1"}, headers=HTMX
        )
        assert told(answer)[0]["resolved"] is True
        assert 'title="by reviewer"' in answer.text
    answer = clients["lead"].post(f"/notes/{note.pk}/resolve", {"resolved": "0"}, headers=HTMX)

    assert told(answer)[0]["resolved"] is False
    # Being settled is no edit: who has the form open goes on.
    assert Note.objects.get().version == 1
    for wrong in ({}, {"resolved": "2"}, {"resolved": "yes"}):
        answer = clients["lead"].post(f"/notes/{note.pk}/resolve", wrong, headers=HTMX)
        assert answer.status_code == 422


def test_the_panel_offers_what_is_allowed(clients, known):
    left(clients["lead"])

    reviewer = clients["reviewer"].get(NOTES, headers=HTMX).text
    administrator = clients["administrator"].get(NOTES, headers=HTMX).text
    lead = clients["lead"].get(NOTES, headers=HTMX).text

    offers = (">Edit<", ">Resolve<", ">Delete<")
    assert [offer in reviewer for offer in offers] == [False, True, False]
    assert [offer in administrator for offer in offers] == [False, True, True]
    assert [offer in lead for offer in offers] == [True, True, True]


def test_without_the_right_to_write_one_only_reads(clients, known, person):
    note = left(clients["reviewer"])
    Group.objects.get(name=REVIEWER).permissions.remove(Permission.objects.get(codename="add_note"))

    page = clients["reviewer"].get(ROOM)

    assert words(page) == ["Listen here."]
    assert 'id="note-form"' not in page.text
    assert "note-actions" not in page.text
    for answer in (
        leave(clients["reviewer"], HTMX),
        change(clients["reviewer"], note, HTMX),
        clients["reviewer"].post(f"/notes/{note.pk}/delete", headers=HTMX),
        clients["reviewer"].post(f"/notes/{note.pk}/resolve", {"resolved": "1"}, headers=HTMX),
    ):
        assert answer.status_code == 403
        assert answer.text == "Your role does not include writing notes."
    assert Note.objects.count() == 1


def test_a_note_on_another_teams_call_does_not_exist(clients, known, other_team):
    note = left(clients["reviewer"])
    known.team = other_team
    known.save()

    for client in (clients["reviewer"], clients["lead"]):
        for path, sent in (("", {"version": 1}), ("/delete", {}), ("/resolve", {"resolved": 1})):
            hidden = client.post(f"/notes/{note.pk}{path}", sent, headers=HTMX)
            absent = client.post(f"/notes/999999{path}", sent, headers=HTMX)
            assert hidden.status_code == absent.status_code == 404
            assert hidden.content == absent.content
    assert change(clients["administrator"], note).status_code == 403
    assert Note.objects.filter(pk=note.pk, resolved_at=None, version=1).exists()


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "9" * 5000, "1%00", "٣"])
def test_a_number_that_is_none_is_404(number, clients, known):
    for path in ("", "/delete", "/resolve"):
        assert clients["administrator"].post(f"/notes/{number}{path}").status_code == 404


def test_an_update_gives_the_roles_what_is_new_and_nothing_that_was_taken_away(db):
    reviewers = Group.objects.get(name=REVIEWER)
    reviewers.permissions.clear()

    grant(apps, SimpleNamespace(connection=connection), only=("add_note", "delete_note"))

    assert [given.codename for given in reviewers.permissions.all()] == ["add_note"]
