"""The table of many calls: just the calls that were noted, and nothing held for a slow reader."""

import csv
import io

import pytest
from django.db import connection

from recordings.models import Export, ListeningPosition, Session
from tests.factories import make_recording, make_session

ALL = {"kind": "csv", "query": ""}
# More than are read from the database at once.
MANY = 501


def make_many() -> None:
    known = make_session("sess_first")
    facts = {
        field.attname: getattr(known, field.attname)
        for field in Session._meta.concrete_fields
        if field.attname not in ("id", "kallglot_id")
    }
    Session.objects.bulk_create(
        Session(**facts, kallglot_id=f"sess_{number}") for number in range(1, MANY)
    )


def ids(answer) -> list[str]:
    rows = csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    return [row["session"] for row in rows]


def test_it_has_the_calls_that_were_noted_in_their_order(clients, db):
    make_many()

    told = ids(clients["lead"].post("/exports/", ALL))

    noted = Export.objects.get().session_ids
    numbers = dict(Session.objects.values_list("kallglot_id", "pk"))
    assert [numbers[session_id] for session_id in told] == noted
    assert len(noted) == MANY


def test_calls_that_come_while_it_is_sent_are_not_in_it(clients, db):
    make_session("sess_before")
    answer = clients["lead"].post("/exports/", ALL)
    make_session("sess_after")

    assert ids(answer) == ["sess_before"]


def test_calls_that_become_another_teams_while_it_is_sent_are_not_in_it(clients, other_team):
    make_many()
    answer = clients["lead"].post("/exports/", ALL)
    lines = iter(answer.streaming_content)
    begun = [next(lines) for _ in range(3)]
    Session.objects.update(team=other_team)

    # What was read before may go on its way.
    assert len(begun) + len(list(lines)) == 2 + 500


def test_each_500_calls_take_the_same_few_queries(
    clients, people, django_assert_num_queries, django_assert_max_num_queries
):
    make_many()
    for session in Session.objects.all():
        make_recording(session)
        ListeningPosition.objects.create(user=people["lead"], session=session, heard_share=0.5)
    lines = iter(clients["lead"].post("/exports/", ALL).streaming_content)
    # The mark and the names of the columns come first. Who exports is looked up once.
    with django_assert_max_num_queries(10):
        for _ in range(2 + 500):
            next(lines)

    # The calls, their recordings, the places of who exports, the notes.
    with django_assert_num_queries(4):
        (last,) = lines

    assert b",0.5,0,1,mixed," in last


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_slow_reader_holds_no_connection_to_the_database(clients, vendor):
    make_many()
    lines = iter(clients["lead"].post("/exports/", ALL).streaming_content)

    held = [connection.connection is not None for _ in lines]

    assert len(held) == MANY + 2
    # The mark and the names of the columns come before anything is asked for.
    assert not any(held[2:])
