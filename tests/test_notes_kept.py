"""What becomes of notes: rows of the trail, many on one call, a locked database, people gone."""

import sqlite3
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recordings.models import AuditEvent, Note, Recording
from recordings.services import audit
from recordings.views.note_panel import NOTES_AT_ONCE
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


def rows():
    """The trail, oldest first; it is whole."""
    assert audit.check() == ""
    found = AuditEvent.objects.order_by("pk").values_list("user_name", "action", "reason")
    return [f"{name} {action} {reason}" for name, action, reason in found]


def test_every_change_is_a_row_of_the_trail_and_nothing_else_is(clients, known):
    note = left(clients["reviewer"], text="never in the trail")
    change(clients["reviewer"], note, text="nor this")
    change(clients["reviewer"], note, text="stale")
    change(clients["lead"], note)
    leave(clients["reviewer"], text="")
    clients["lead"].get(ROOM)
    for word in ("1", "1", "0", "0", "x"):
        clients["lead"].post(f"/notes/{note.pk}/resolve", {"resolved": word})
    clients["lead"].post(f"/notes/{note.pk}/delete")

    assert rows() == [
        f"reviewer note_added note {note.pk}",
        f"reviewer note_changed note {note.pk}",
        "lead page no_permission",
        f"lead note_resolved note {note.pk}",
        f"lead note_reopened note {note.pk}",
        f"lead note_deleted note {note.pk}",
    ]
    event = AuditEvent.objects.first()
    assert (event.session_id_text, event.recording_id_text) == (CALL, "")
    assert (event.address, event.outcome) == ("127.0.0.1", "done")


def test_notes_outlive_the_recordings_and_their_author(clients, known, people):
    note = left(clients["reviewer"], text="still here")
    hidden = left(clients["reviewer"], text="mine alone", private="on")
    clients["reviewer"].post(f"/notes/{note.pk}/resolve", {"resolved": "1"})
    Recording.objects.update(expires_at=timezone.now() - timedelta(days=1))
    people["reviewer"].delete()

    page = clients["administrator"].get(ROOM)

    assert words(page) == ["still here"]
    assert told(page)[0]["author"] == "reviewer"
    assert ">reviewer<" in page.text
    assert clients["administrator"].post(f"/notes/{hidden.pk}/delete").status_code == 404
    assert leave(clients["lead"], start="59").status_code == 302
    assert clients["lead"].post(f"/notes/{note.pk}/delete").status_code == 302


def test_the_number_of_queries_does_not_grow_with_the_notes(
    clients, known, people, django_assert_max_num_queries
):
    def write(count):
        Note.objects.bulk_create(
            Note(
                session=known,
                author=people["lead" if number % 2 else "reviewer"],
                author_name="somebody",
                start=number / 10,
                text=f"n{number}",
                resolved_by=people["lead"] if number % 3 else None,
                resolved_at=timezone.now() if number % 3 else None,
                key=f"{Note.objects.count() + number:032x}",
            )
            for number in range(count)
        )

    client = clients["reviewer"]
    write(2)
    client.get(ROOM)
    addresses = [(ROOM, {}), (NOTES, HTMX), (PLAYER, {})]
    few = []
    for address, headers in addresses:
        with django_assert_max_num_queries(30) as queries:
            client.get(address, headers=headers)
        few.append(len(queries))
    write(498)

    for (address, headers), number in zip(addresses, few, strict=True):
        with django_assert_max_num_queries(number):
            answer = client.get(address, headers=headers)
    assert len(answer.json()["notes"]) == 500
    assert len(words(client.get(ROOM))) == NOTES_AT_ONCE


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_locked_database_is_503_and_nothing_is_half_written(clients, known):
    if connection.vendor != "sqlite":
        pytest.skip("another connection locks the whole database in SQLite only")
    client = clients["lead"]
    client.raise_request_exception = False
    note = left(client)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200")
    locker = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    try:
        answers = [
            leave(client, HTMX),
            change(client, note, HTMX, text="other"),
            client.post(f"/notes/{note.pk}/resolve", {"resolved": "1"}, headers=HTMX),
            client.post(f"/notes/{note.pk}/delete", headers=HTMX),
        ]
    finally:
        locker.execute("ROLLBACK")
        locker.close()

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.text for answer in answers} == {
        "The portal's database is busy. Please try again in a moment."
    }
    assert rows() == [f"lead note_added note {note.pk}"]
    assert leave(client, HTMX).status_code == 200
