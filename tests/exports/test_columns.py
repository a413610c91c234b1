"""What the columns of a table say of a call."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import ListeningPosition, Session
from recordings.services.measures import MEASURES
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.noting import left

from .asking import facts


@pytest.mark.parametrize(
    ("metadata", "customer"),
    [
        ({"from": "030 1234", "to": "030 9999"}, "030 1234"),
        ({"from": "030 1234", "to": "030 9999", "direction": "outbound"}, "030 9999"),
        ({"from": "+4930 1234"}, "'+4930 1234"),
        ({}, "030 5555"),
    ],
)
def test_the_customer_is_the_one_that_the_library_shows(metadata, customer, clients, db):
    make_session("sess_a", phone_number="030 5555", metadata=metadata)

    assert facts(clients["lead"], "sess_a")["customer"] == customer
    shown = clients["lead"].get("/").text.partition('data-label="Customer"')[2]
    assert customer.lstrip("'") in shown.partition("</td>")[0]


def test_a_customer_whom_nobody_knows_is_an_empty_cell(clients, db):
    make_session("sess_a")

    assert facts(clients["lead"], "sess_a")["customer"] == ""


def test_measurements_are_seconds_and_fractions(clients, db):
    session = make_session("sess_a")
    Session.objects.filter(pk=session.pk).update(
        longest_silence_s=12.5, overlap_share=0.0, agent_talk_share=0.4321
    )

    told = facts(clients["lead"], "sess_a")

    assert told["longest_silence_s"] == "12.5"
    assert (told["overlap_share"], told["agent_talk_share"]) == ("0.0", "0.4321")


def test_every_measurement_of_the_library_is_in_the_table(clients, db):
    make_session("sess_a")

    told = facts(clients["lead"], "sess_a")

    # Nothing was measured: no zeros that would spoil an average.
    assert [told[measure.column] for measure in MEASURES] == [""] * len(MEASURES)


def test_the_share_heard_is_that_of_the_person_who_exports(clients, people):
    hear(make_session("sess_a"), people["lead"], 2 / 3)
    hear(make_session("sess_b"), people["reviewer"], 0.9)

    assert facts(clients["lead"], "sess_a")["heard_by_me_share"] == "0.6667"
    assert facts(clients["lead"], "sess_b")["heard_by_me_share"] == ""


def hear(session, user, share) -> None:
    places = ListeningPosition.objects
    places.create(user=user, session=session, heard_s=40, heard_share=share)


def test_metadata_that_is_more_than_text_is_json(clients, db):
    metadata = {"case": "4711", "order": {"ids": [1, "zwölf"]}, "paid": True, "vip": None}
    make_session("sess_a", metadata=metadata)

    told = facts(clients["lead"], "sess_a")["metadata"]

    # PostgreSQL keeps the names in an order of its own.
    parts = ["case=4711", 'order={"ids": [1, "zwölf"]}', "paid=true", "vip=null"]
    assert sorted(told.split("; ")) == parts


def test_a_call_that_has_expired_says_since_when(clients, db):
    now = timezone.now()
    expired, ready = make_session("sess_expired"), make_session("sess_ready")
    for days in (3, 2):
        make_recording(expired, expires_at=now - timedelta(days=days))
    make_recording(ready, expires_at=now + timedelta(days=1))

    told = facts(clients["lead"], "sess_expired")
    other = facts(clients["lead"], "sess_ready")

    # In the library, such a call has a dash under "Expires".
    assert (told["state"], told["expires_utc"]) == ("Expired", "")
    assert told["expired_since_utc"] == written(now - timedelta(days=2))
    assert other["expires_utc"] == written(now + timedelta(days=1))
    assert other["expired_since_utc"] == ""


def test_no_call_has_expired_since_a_day_to_come(clients, db):
    session = make_session("sess_a")
    make_recording(session, last_error="vendor_gone")

    told = facts(clients["lead"], "sess_a")

    assert told["state"] == "Expired"
    assert (told["expires_utc"], told["expired_since_utc"]) == ("", "")


def written(moment) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def test_team_notes_are_counted_and_private_ones_are_not(clients, db):
    make_session(CALL, duration=60)
    for client, more in (
        ("lead", {}),
        ("reviewer", {}),
        ("reviewer", {"private": "on"}),
        ("lead", {"private": "on"}),
    ):
        left(clients[client], text="Listen here.", **more)
    make_session("sess_without")

    assert facts(clients["lead"], CALL)["team_notes"] == "2"
    assert facts(clients["lead"], "sess_without")["team_notes"] == "0"
    assert "Listen" not in str(facts(clients["lead"], CALL))
