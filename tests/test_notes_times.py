"""The second of a note: how it is typed, and what is refused in words."""

import pytest

from recordings.models import Note
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.noting import HTMX, NOTES, ROOM, change, errors, field, leave, left


@pytest.fixture
def known(db):
    """A call of a minute and a bit."""
    session = make_session(CALL, duration=61)
    make_recording(session, "rec_mixed", duration=60.4)
    return session


@pytest.mark.parametrize(
    ("typed", "second"),
    [
        ("0", 0),
        ("12.3", 12.3),
        ("12,3", 12.3),
        (" 1:00.25 ", 60.25),
        ("0:7", 7),
        ("0:00:59.9996", 60),
        ("007", 7),
        # The player's clock says 1:01 at the end of 60.4 seconds.
        ("1:01", 60.4),
    ],
)
def test_a_time_is_seconds_or_a_clock(typed, second, clients, known):
    assert left(clients["reviewer"], start=typed).start == second


def test_an_hour_has_a_clock_of_three_parts(clients, db):
    make_recording(make_session(CALL), duration=9000.0)

    note = left(clients["reviewer"], start="1:02:03.5", end="90:00")

    assert (note.start, note.end) == (3723.5, 5400)
    page = clients["reviewer"].get(NOTES, headers=HTMX)
    assert ">1:02:03–1:30:00<" in page.text
    assert (field(page, f"note-{note.pk}-start"), field(page, f"note-{note.pk}-end")) == (
        "1:02:03.5",
        "1:30:00",
    )


@pytest.mark.parametrize(
    "typed",
    [
        *("nan", "inf", "-inf", "-1", "-0", "1e3", "0x10", "1:75", "0:60", "1:60:00", ":5", "5:"),
        *("1::5", "1:2:3:4", "1 2", "five", "\u0663", "1_0", "+5", ".", "9" * 30, "1\x002"),
        *("0:00:00:01", "12.3s", "<b>", '"'),
    ],
)
def test_what_is_no_time_is_422_and_stays_as_typed(typed, clients, known):
    for name in ("start", "end"):
        answer = leave(clients["reviewer"], HTMX, **{"start": "1", name: typed, "text": "kept"})

        assert answer.status_code == 422
        assert list(errors(answer)) == [f"note-{name}"]
        assert field(answer, f"note-{name}") == typed
        assert field(answer, "note-text") == "kept"
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    ("times", "sentences"),
    [
        ({"start": ""}, {"note-start": "Say at which second of the call."}),
        ({"start": "62"}, {"note-start": "The call ends at 1:00."}),
        ({"start": "61.01"}, {"note-start": "The call ends at 1:00."}),
        ({"start": "1", "end": "9999"}, {"note-end": "The call ends at 1:00."}),
        ({"start": "5", "end": "5"}, {"note-end": "A range ends after it begins."}),
        ({"start": "5", "end": "4.9"}, {"note-end": "A range ends after it begins."}),
        ({"start": "60.6", "end": "60.9"}, {"note-end": "A range ends after it begins."}),
    ],
)
def test_a_time_outside_the_call_is_422_in_words(times, sentences, clients, known):
    answer = leave(clients["reviewer"], HTMX, **times)

    assert answer.status_code == 422
    assert errors(answer) == sentences


def test_without_recordings_or_a_known_length_any_second_goes(clients, db):
    make_session(CALL, duration=60)
    assert left(clients["reviewer"], start="10:00").start == 600

    unknown = make_session("sess_unknown", status="active", started_at=None, ended_at=None)
    make_recording(unknown, duration=None, status="processing")
    address = "/sessions/sess_unknown/notes"
    assert left(clients["reviewer"], address=address, start="10:00").start == 600


def test_an_edit_may_leave_a_note_where_it_is_when_the_call_is_shorter_now(clients, known):
    note = left(clients["reviewer"], start="1:00", end="60.4")
    known.recordings.update(duration=50)

    for fields in ({"end": "1:00.4", "text": "Other words."}, {"start": "40", "end": "1:00"}):
        note.refresh_from_db()
        assert change(clients["reviewer"], note, HTMX, **fields).status_code == 200
    refused = change(clients["reviewer"], note, HTMX, version=3, end="1:02")

    assert errors(refused) == {f"note-{note.pk}-end": "The call ends at 0:50."}
    note.refresh_from_db()
    assert (note.start, note.end) == (40, 60)


def test_a_link_to_a_second_fills_the_form(clients, known):
    page = clients["reviewer"].get(f"{ROOM}?t=12.3&to=15")
    assert (field(page, "note-start"), field(page, "note-end")) == ("0:12.3", "0:15")

    page = clients["reviewer"].get(f"{ROOM}?t=1:00&to=15")
    assert (field(page, "note-start"), field(page, "note-end")) == ("1:00", "")

    for nonsense in ("?t=x&to=3", "?t=%00", "?to=5", "?t=" + "9" * 5000, "?t=<b>"):
        page = clients["reviewer"].get(ROOM + nonsense)
        assert (field(page, "note-start"), field(page, "note-end")) == ("", "")
