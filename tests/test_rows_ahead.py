"""The row of a playback, written while Kallglot is waited for, and taken back without audio."""

import threading

import pytest
from django.db import connections

from recordings.models import Access, AuditAction, AuditEvent, AuditOutcome
from recordings.services import accesses, audit, sync
from recordings.simulator import Fault, make_call, noise
from tests.factories import make_recording, make_session
from tests.relay.asking import eventually

AUDIO = "/recordings/rec_known_mixed/audio"
threads = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def outcomes():
    """Of the plays in the audit trail, oldest first."""
    plays = AuditEvent.objects.filter(action="play").order_by("pk")
    return list(plays.values_list("outcome", flat=True))


@pytest.fixture
def request_of(people):
    """`request_of(role)`: a request of that user to play one recording, the same for all."""
    recording = make_recording(make_session())

    def make(role):
        return accesses.Request(people[role], recording, AuditAction.PLAY, "127.0.0.1")

    return make


@threads
def test_the_row_is_there_before_kallglot_responds(call, clients, vendor, everyone_signed_in):
    vendor.options.latency_ms = 3000
    statuses = []

    def play():
        response = clients["lead"].get(AUDIO)
        response.getvalue()
        statuses.append(response.status_code)
        connections.close_all()

    player = threading.Thread(target=play)
    player.start()
    assert eventually(lambda: outcomes() == ["started"], within=2.5)
    assert statuses == []
    player.join(20)
    assert (statuses, outcomes()) == ([200], ["started"])
    assert audit.check() == ""


@threads
def test_a_playback_that_gets_no_audio_does_not_count_as_heard(call, clients, vendor):
    vendor.faults.add(Fault("status", "/audio", status=503, times=1))
    assert clients["lead"].get(AUDIO).status_code == 503
    assert outcomes() == ["started", "no_audio"]
    assert AuditEvent.objects.get(outcome="no_audio").reason == "vendor_unavailable"
    assert not Access.objects.exists()
    # The next try is a playback of its own.
    assert len(clients["lead"].get(AUDIO).getvalue()) == 10_000
    assert outcomes() == ["started", "no_audio", "started"]
    assert Access.objects.count() == 1
    assert audit.check() == ""


@threads
def test_what_may_get_no_bytes_has_no_row_ahead(call, clients, vendor):
    asked = [
        ("head", {}, 503),
        ("get", {"If-None-Match": '"x"'}, 503),
        ("get", {"Range": "bytes=99999999-"}, 503),
    ]
    for method, headers, status in asked:
        vendor.faults.add(Fault("status", "/audio", status=503, times=1))
        response = getattr(clients["lead"], method)(AUDIO, headers=headers)
        assert response.status_code == status, (method, headers)
    assert outcomes() == ["failed", "failed"]


@threads
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-"}])
def test_an_empty_recording_is_truly_recorded(headers, clients, vendor, transactional_db):
    vendor.add_call(make_call("sess_empty", {"mixed": noise(0)}))
    sync.open_call("sess_empty")
    response = clients["lead"].get("/recordings/rec_empty_mixed/audio", headers=headers)
    heard = response.status_code == 200
    assert outcomes() == ["started"] if heard else ["started", "no_audio"]


def test_requests_of_one_playback_share_its_row(db, request_of):
    first, second = request_of("lead"), request_of("lead")
    first.note_ahead(sends=True)
    second.note_ahead(sends=True)
    assert (first.is_second, second.is_second) == (False, True)
    assert outcomes() == ["started"]
    accesses.forget_lately()
    second.note(again=True)
    # Bytes are sent under that row, so the fault of the first request does not take it back.
    first.record_failure(AuditOutcome.FAILED, "vendor_unavailable")
    assert outcomes() == ["started", "failed"]
    assert Access.objects.count() == 1


def test_a_row_that_was_taken_back_covers_no_other_request(db, request_of):
    first, second = request_of("lead"), request_of("lead")
    first.note_ahead(sends=True)
    second.note_ahead(sends=True)
    first.record_failure(AuditOutcome.FAILED, "vendor_unavailable")
    second.note(again=True)
    assert outcomes() == ["started", "no_audio", "started"]
    assert Access.objects.count() == 1


def test_a_fault_later_on_takes_no_row_back(db, request_of):
    request_of("lead").note(again=True)
    later = request_of("lead")
    later.note_ahead(sends=True)
    later.record_failure(AuditOutcome.FAILED, "vendor_unavailable")
    assert outcomes() == ["started", "failed"]
    assert Access.objects.count() == 1
