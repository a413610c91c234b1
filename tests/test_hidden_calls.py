"""Another team's call and one that does not exist: nothing tells them apart."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recordings.models import AuditEvent
from recordings.services import importing
from tests.conftest import CALL
from tests.factories import make_recording, make_session

REC = "rec_known_mixed"


def without_tokens(answer):
    return re.sub(rb'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]*"', b"", answer.content)


@pytest.mark.parametrize(
    ("method", "theirs", "nobodys"),
    [
        ("get", "/sessions/sess_theirs/", "/sessions/sess_nobodys/"),
        ("get", "/sessions/sess_theirs/recordings", "/sessions/sess_nobodys/recordings"),
        ("post", "/sessions/sess_theirs/refresh", "/sessions/sess_nobodys/refresh"),
        ("get", "/sessions/sess_theirs/listening", "/sessions/sess_nobodys/listening"),
        ("get", "/sessions/sess_theirs/neighbours", "/sessions/sess_nobodys/neighbours"),
        ("post", "/sessions/sess_theirs/listening", "/sessions/sess_nobodys/listening"),
        ("get", "/sessions/sess_theirs/notes", "/sessions/sess_nobodys/notes"),
        ("post", "/sessions/sess_theirs/notes", "/sessions/sess_nobodys/notes"),
        ("get", "/sessions/sess_theirs/transcript", "/sessions/sess_nobodys/transcript"),
        ("get", "/sessions/sess_theirs/transcript.txt", "/sessions/sess_nobodys/transcript.txt"),
        ("get", "/recordings/rec_theirs/row", "/recordings/rec_nobodys/row"),
        ("get", "/recordings/rec_theirs/audio", "/recordings/rec_nobodys/audio"),
        ("get", "/recordings/rec_theirs/download", "/recordings/rec_nobodys/download"),
        ("get", "/recordings/rec_theirs/waveform", "/recordings/rec_nobodys/waveform"),
    ],
)
@pytest.mark.parametrize("visitor", ["reviewer", "lead"])
def test_another_teams_call_looks_like_one_that_does_not_exist(
    visitor, method, theirs, nobodys, clients, other_team, vendor
):
    make_recording(make_session("sess_theirs", team=other_team), "rec_theirs")

    # The first refusal ever begins the audit trail.
    getattr(clients[visitor], method)(nobodys)

    with CaptureQueriesContext(connection) as for_hidden:
        hidden = getattr(clients[visitor], method)(theirs)
    with CaptureQueriesContext(connection) as for_absent:
        absent = getattr(clients[visitor], method)(nobodys)

    # The same work, so the time does not tell them apart either.
    assert len(for_hidden) == len(for_absent)
    refused = AuditEvent.objects.filter(outcome="refused").order_by("pk")
    assert [event.reason for event in refused] == [refused[0].reason] * 3
    assert hidden.status_code == absent.status_code == 404
    assert without_tokens(hidden) == without_tokens(absent)
    assert {k: v for k, v in hidden.headers.items() if k != "Content-Length"} == {
        k: v for k, v in absent.headers.items() if k != "Content-Length"
    }
    assert vendor.requests.count() == 0


@pytest.mark.parametrize("is_down", [False, True])
def test_opening_another_teams_call_asks_kallglot_as_for_a_missing_one(
    is_down, clients, other_team, call, vendor
):
    call.team = other_team
    call.save()
    if is_down:
        vendor.faults.add("status", status=500)
    for names in ((CALL, "sess_nobodys"), (REC, "rec_nobodys_mixed")):
        told = []
        for name in names:
            vendor.requests.clear()
            answer = clients["lead"].post("/sessions/open", {"ids": name})
            text = without_tokens(answer).replace(name.encode(), b"")
            told.append((answer.status_code, vendor.requests.count(), text))
        assert told[0] == told[1]
        assert told[0][0] == (502 if is_down else 404)


def test_an_import_leaves_another_teams_call_to_the_worker(people, other_team, call, vendor):
    call.team = other_team
    call.save()

    batch = importing.create(people["lead"], [CALL, "sess_nobodys"])

    assert [item.outcome for item in batch.items.all()] == ["waiting", "waiting"]
    importing.work_off()
    assert [item.outcome for item in batch.items.all()] == ["not_found", "not_found"]
    assert not batch.items.exclude(session=None).exists()


def test_a_call_that_changes_teams_takes_its_words_along(clients, other_team, db):
    words = {"source_language": "sw", "target_language": "qu", "mode": "odd_mode"}
    theirs = make_session("sess_theirs", **words)
    page = clients["lead"].get("/").text
    assert all(f'value="{word}"' in page for word in words.values())

    theirs.team = other_team
    theirs.save()

    page = clients["lead"].get("/").text
    assert not any(f'value="{word}"' in page for word in words.values())
    assert 'value="sw"' in clients["administrator"].get("/").text


def test_another_teams_call_is_open_to_administrators(clients, other_team, vendor):
    make_recording(make_session("sess_theirs", team=other_team), "rec_theirs")

    assert clients["administrator"].get("/sessions/sess_theirs/").status_code == 200
    assert b"sess_theirs" in clients["administrator"].get("/").content
    assert b"sess_theirs" not in clients["lead"].get("/").content
