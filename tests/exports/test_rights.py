"""Who may export, how often and how much, what is refused, and what the trail says of it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from recordings.filters import CallFilters
from recordings.models import AuditEvent, Export, Session
from recordings.roles import REVIEWER
from recordings.services import audit, exporting
from tests.conftest import CALL
from tests.factories import make_recording, make_session

from .asking import ask_for_zip, fetched, make_zip, manifest


def test_reviewers_may_not_and_it_is_in_the_trail(clients, call):
    answer = ask_for_zip(clients["reviewer"], CALL)

    assert answer.status_code == 403
    assert "A lead can export these calls for you." in answer.text
    assert not Export.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.user_name, event.action, event.outcome) == ("reviewer", "export", "refused")


def test_another_teams_calls_are_as_if_they_were_not(clients, call, other_team):
    make_recording(make_session("sess_theirs", team=other_team))

    assert ask_for_zip(clients["lead"], "sess_theirs").status_code == 422
    export = make_zip(clients["lead"], CALL, "sess_theirs")
    assert "sess_theirs" not in {
        line["session"] for line in manifest(fetched(clients["lead"], export))
    }


def test_an_export_is_its_owners_alone(clients, call):
    export = make_zip(clients["lead"], CALL)

    for address in ("", "progress", "download"):
        assert clients["administrator"].get(f"/exports/{export.pk}/{address}").status_code == 404
    assert f"/exports/{export.pk}/" in clients["lead"].get("/exports/").text
    assert f"/exports/{export.pk}/" not in clients["administrator"].get("/exports/").text


@pytest.mark.parametrize("number", ["0", "99", "9" * 30, "9" * 5000])
def test_an_export_that_never_was_is_not_found(number, clients, db):
    assert clients["lead"].get(f"/exports/{number}/").status_code == 404


def test_twenty_an_hour_are_the_most(clients, call):
    for number in range(exporting.MOST_AN_HOUR):
        kind = "csv" if number % 2 else "zip"
        assert clients["lead"].post("/exports/", {"kind": kind, "session": CALL}).status_code < 400

    answer = ask_for_zip(clients["lead"], CALL)

    assert answer.status_code == 429
    assert 3000 < int(answer["Retry-After"]) <= 3601
    assert "20 exports within an hour" in answer.text
    assert ask_for_zip(clients["administrator"], CALL).status_code == 302
    Export.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert ask_for_zip(clients["lead"], CALL).status_code == 302


@pytest.mark.parametrize(("role", "most"), [("lead", 200), ("administrator", 1000)])
def test_each_role_has_its_most_calls_in_a_zip(role, most, clients, people, db):
    now = timezone.now()
    Session.objects.bulk_create(
        [Session(kallglot_id=f"sess_{n}", refreshed_at=now) for n in range(most + 1)]
    )

    answer = clients[role].post("/exports/", {"kind": "zip", "query": ""})

    assert answer.status_code == 422
    assert f"at most {most} calls" in answer.text
    Session.objects.last().delete()
    assert clients[role].post("/exports/", {"kind": "zip", "query": ""}).status_code == 302


@pytest.mark.parametrize("data", [{}, {"kind": "exe", "session": CALL}, {"kind": "zip"}])
def test_a_request_of_no_sense_is_422(data, clients, call):
    assert clients["lead"].post("/exports/", data).status_code == 422
    assert not Export.objects.exists()


def test_the_trail_names_the_export_every_recording_and_every_download(clients, call):
    export = make_zip(clients["lead"], CALL, channel=["mixed", "agent"])
    fetched(clients["lead"], export)
    clients["lead"].post("/exports/", {"kind": "csv", "session": CALL}).getvalue()

    told = [
        (event.action, event.recording_id_text, event.reason)
        for event in AuditEvent.objects.order_by("pk")
    ]
    assert told == [
        ("export", "", f"zip {export.pk}"),
        ("export", "rec_known_mixed", f"zip {export.pk}"),
        ("export", "rec_known_agent", f"zip {export.pk}"),
        ("download", "", f"zip {export.pk}"),
        ("export", "", f"csv {export.pk + 1}"),
    ]
    assert {event.user_name for event in AuditEvent.objects.all()} == {"lead"}
    assert {event.address for event in AuditEvent.objects.all()} == {"127.0.0.1"}
    assert audit.first_broken_row() is None


def test_a_role_taken_away_counts_at_the_next_download(clients, people, call):
    export = make_zip(clients["lead"], CALL)
    people["lead"].groups.set([Group.objects.get(name=REVIEWER)])

    assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 403


@pytest.mark.parametrize("query", ["?status=klingon", "?to=9999-12-31", "?min=x"])
def test_a_list_with_a_filter_that_is_not_understood_is_refused(query, clients, call):
    answer = clients["lead"].post("/exports/", {"kind": "csv", "query": query})
    assert answer.status_code == 422
    assert "not understood" in answer.text
    assert not Export.objects.exists()


def test_a_fault_of_our_own_is_not_called_a_filter(clients, call, monkeypatch):
    def fail(filters):
        raise ValueError("not the person's doing")

    monkeypatch.setattr(CallFilters, "calls", property(fail))
    clients["lead"].raise_request_exception = False

    answer = clients["lead"].post("/exports/", {"kind": "csv", "query": ""})

    assert answer.status_code == 500
    assert "not understood" not in answer.text


def test_transcripts_in_no_known_way_are_refused(clients, call):
    answer = clients["lead"].post(
        "/exports/", {"kind": "zip", "session": [CALL], "transcripts": "klingon"}
    )
    assert answer.status_code == 422
    assert "original, translation, both" in answer.text
    assert not Export.objects.exists()
