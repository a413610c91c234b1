"""A call with many notes: its panel shows a part of them, and every one can be reached."""

import re
from uuid import uuid4

import pytest

from recordings.models import Note
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.noting import HTMX, NOTES, ROOM, change, leave, told, words

_MANY = 120


@pytest.fixture
def known(db):
    session = make_session(CALL, duration=600)
    make_recording(session, "rec_mixed", duration=600.0)
    return session


@pytest.fixture
def notes(people, known):
    """Notes at the seconds 0, 5, 10 and so on, of the reviewer."""
    author = people["reviewer"]
    facts = {"session": known, "author": author, "author_name": "reviewer"}
    return Note.objects.bulk_create(
        Note(key=uuid4(), start=5 * n, text=f"Number {n}.", **facts) for n in range(_MANY)
    )


def numbers(answer):
    """The first and the last note of the panel, and how many there are."""
    found = [int(text.split()[1].rstrip(".")) for text in words(answer)]
    return found[0], found[-1], len(found)


def test_the_first_part_is_shown_and_the_player_is_told_of_all(clients, notes):
    answer = clients["reviewer"].get(ROOM)

    assert numbers(answer) == (0, 49, 50)
    assert len(told(answer)) == _MANY
    assert '<span class="count">120</span>' in answer.text
    assert "1–50 of 120" in answer.text
    assert len(answer.content) < 250_000


def test_links_lead_through_the_parts_and_keep_the_list(clients, notes):
    answer = clients["reviewer"].get(f"{ROOM}?list=q%3Dx")
    seen = [numbers(answer)]
    while later := re.search(
        r'<a class="button quiet" href="([^"]*)#notes"[^>]*>Later', answer.text
    ):
        address = later[1].replace("&amp;", "&")
        assert "list=q%3Dx" in address
        answer = clients["reviewer"].get(address)
        seen.append(numbers(answer))

    assert seen == [(0, 49, 50), (50, 99, 50), (100, 119, 20)]
    assert ">Earlier notes<" in answer.text


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("t=0", 0),
        ("t=249.9", 0),
        ("t=250", 50),
        ("t=4:10", 50),
        ("t=599", 100),
        ("t=1e9", 0),
        ("t=9999999", 100),
        ("t=-1", 0),
        ("t=0&notes=2", 50),
        ("notes=3", 100),
        ("notes=4", 100),
        ("notes=0", 100),
        ("notes=x", 0),
        ("notes=" + "9" * 30, 100),
        ("note=x", 0),
        ("note=0&notes=2", 50),
    ],
)
def test_an_address_leads_to_the_part_it_means(query, first, clients, notes):
    assert numbers(clients["reviewer"].get(f"{ROOM}?{query}"))[0] == first


def test_a_note_is_shown_by_its_number_unless_one_may_not_see_it(clients, notes):
    secret = notes[-1]
    by_number = f"{NOTES}?notes=2&note={secret.pk}"
    assert numbers(clients["lead"].get(by_number, headers=HTMX)) == (100, 119, 20)
    Note.objects.filter(pk=secret.pk).update(is_private=True)

    assert numbers(clients["lead"].get(by_number, headers=HTMX)) == (50, 99, 50)


def test_what_was_changed_is_among_what_is_shown(clients, notes):
    reviewer = clients["reviewer"]

    added = leave(reviewer, HTMX, start="599", text="Number 599.")
    assert numbers(added) == (100, 599, 21)
    sixtieth = notes[60]
    moved = change(reviewer, sixtieth, HTMX, start="597")
    assert numbers(moved) == (101, 599, 21)
    assert re.findall(r'id="note-(\d+)"[^>]* data-meant', moved.text) == [str(sixtieth.pk)]
    wrong = change(reviewer, notes[70], HTMX, text="")
    assert wrong.status_code == 422
    assert numbers(wrong)[0] == 50


def test_the_part_stays_when_a_note_is_deleted_or_settled(clients, notes):
    first, *_, last = (notes[n] for n in (100, 110, 119))
    reviewer = clients["reviewer"]
    deleted = reviewer.post(f"/notes/{first.pk}/delete?notes=3", headers=HTMX)
    assert numbers(deleted) == (101, 119, 19)
    assert reviewer.post(f"/notes/{last.pk}/delete?notes=3").headers["Location"] == (
        f"{ROOM}?notes=3#notes"
    )
    settled = reviewer.post(f"/notes/{notes[60].pk}/resolve?notes=2", {"resolved": "1"})
    assert settled.headers["Location"] == f"{ROOM}?notes=2#note-{notes[60].pk}"


def test_the_last_part_may_vanish(clients, notes):
    Note.objects.filter(pk__in=[note.pk for note in notes[101:]]).delete()

    answer = clients["reviewer"].post(f"/notes/{notes[100].pk}/delete?notes=3", headers=HTMX)

    assert numbers(answer) == (50, 99, 50)
