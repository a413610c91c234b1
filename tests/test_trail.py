"""The trail: one row for each thing done, none for what was not, and none that can be changed."""

import sqlite3
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from recordings.models import Access, AuditEvent, Recording
from recordings.services import accesses, audit
from recordings.simulator import Fault
from recordings.views import refusals

REC = "rec_known_mixed"
AUDIO = f"/recordings/{REC}/audio"
DOWNLOAD = f"/recordings/{REC}/download"


def ask(client, path, method="get", **headers):
    """One request, its body read to the end as far as it comes: status and body."""
    answer = getattr(client, method)(path, headers=headers or None)
    body = b""
    try:
        body = answer.getvalue()
    except Exception:  # the vendor's fault breaks the body, as it would break a connection
        body = None
    return answer.status_code, body


def rows():
    """The trail of plays and downloads, oldest first."""
    events = AuditEvent.objects.filter(action__in=["play", "download"]).order_by("pk")
    return [(event.user_name, event.action, event.outcome) for event in events]


def test_the_ranges_of_one_playback_are_one_row(call, clients):
    for line in ("bytes=0-", "bytes=5000-", "bytes=-10", "bytes=0-1"):
        assert ask(clients["reviewer"], AUDIO, range=line)[0] == 206
    assert rows() == [("reviewer", "play", "started")]
    event = AuditEvent.objects.get(action="play")
    assert event.recording_id_text == REC
    assert event.session_id_text == call.kallglot_id
    assert event.address == "127.0.0.1"
    assert abs(timezone.now() - event.at) < timedelta(minutes=1)


def back_in_time(minutes):
    """As if the last range had been asked for so long ago."""
    Access.objects.update(last_at=timezone.now() - timedelta(minutes=minutes))
    accesses.forget_lately()


def test_a_pause_of_half_an_hour_begins_another_playback(call, clients):
    ask(clients["reviewer"], AUDIO, range="bytes=0-")
    back_in_time(minutes=29)
    ask(clients["reviewer"], AUDIO, range="bytes=5000-")
    # The range has prolonged the playback: another 29 minutes are still the same one.
    assert rows() == [("reviewer", "play", "started")]
    assert timezone.now() - Access.objects.get().last_at < timedelta(minutes=1)
    back_in_time(minutes=31)
    ask(clients["reviewer"], AUDIO, range="bytes=5000-")
    assert rows() == [("reviewer", "play", "started")] * 2


def test_people_and_recordings_have_rows_of_their_own(call, clients):
    for role in ("reviewer", "lead", "administrator", "reviewer"):
        ask(clients[role], AUDIO)
    ask(clients["lead"], "/recordings/rec_known_agent/audio")
    assert sorted(rows()) == sorted(
        [(role, "play", "started") for role in ("reviewer", "lead", "lead", "administrator")]
    )


def test_each_download_is_a_row(call, clients):
    for _ in range(3):
        assert ask(clients["lead"], DOWNLOAD)[0] == 200
    # A browser that goes on with a download it had begun does not begin another.
    assert ask(clients["lead"], DOWNLOAD, range="bytes=500-")[0] == 206
    assert rows() == [("lead", "download", "done")] * 3


def test_each_refusal_is_a_row(call, clients, other_team):
    assert ask(clients["reviewer"], DOWNLOAD)[0] == 403
    assert ask(clients["stranger"], AUDIO)[0] == 404
    call.team = other_team
    call.save()
    assert ask(clients["lead"], AUDIO)[0] == 404
    Recording.objects.update(expires_at=timezone.now())
    assert ask(clients["administrator"], AUDIO)[0] == 410
    assert rows() == [
        ("reviewer", "download", "refused"),
        ("stranger", "play", "refused"),
        ("lead", "play", "refused"),
        ("administrator", "play", "refused"),
    ]


# The fill notes the vendor's trouble on a thread of its own, which a test's transaction would lock.
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("place", [AUDIO, DOWNLOAD])
def test_a_fault_before_the_first_byte_is_a_row(call, clients, vendor, place):
    vendor.faults.add(Fault("status", "/audio", status=503))
    assert ask(clients["lead"], place)[0] == 503
    # The row of a playback is written while Kallglot is waited for, and then taken back.
    told = (
        [("play", "started"), ("play", "no_audio")] if place == AUDIO else [("download", "failed")]
    )
    assert rows() == [("lead", *row) for row in told]
    assert AuditEvent.objects.latest("pk").reason == "vendor_unavailable"


def test_an_answer_that_broke_off_is_a_row(call, clients, vendor):
    wav = "/recordings/rec_known_agent/download"
    vendor.faults.add(Fault("reset", "/rec_known_agent/audio", after=3000))
    assert ask(clients["lead"], wav) == (200, None)
    assert rows() == [("lead", "download", "done"), ("lead", "download", "incomplete")]


def test_what_breaks_off_again_and_again_is_one_row(call, clients, vendor):
    vendor.faults.add(Fault("reset", "/rec_known_agent/audio", after=3000))
    for _ in range(2):
        for headers in ({}, {"range": "bytes=1000-"}, {"range": "bytes=2000-"}):
            ask(clients["lead"], "/recordings/rec_known_agent/download", **headers)
    assert rows() == [("lead", "download", "done"), ("lead", "download", "incomplete")] * 2


def test_without_bytes_there_is_no_row(call, clients):
    etag = clients["lead"].head(AUDIO).headers["ETag"]
    assert ask(clients["lead"], AUDIO, "head")[0] == 200
    assert ask(clients["lead"], DOWNLOAD, "head")[0] == 200
    assert ask(clients["lead"], AUDIO, if_none_match=etag)[0] == 304
    assert ask(clients["lead"], AUDIO, if_match='"other"')[0] == 412
    assert ask(clients["lead"], AUDIO, range="bytes=99999-")[0] == 416
    assert ask(clients["lead"], AUDIO, "post")[0] == 405
    assert ask(Client(), AUDIO, "head")[0] == 401
    assert rows() == []


def test_a_recording_that_does_not_exist_is_refused_like_a_hidden_one(call, clients, other_team):
    call.team = other_team
    call.save()
    for name in (REC, "rec_unheardof"):
        assert ask(clients["lead"], f"/recordings/{name}/audio")[0] == 404
    events = AuditEvent.objects.filter(outcome="refused").order_by("pk")
    assert [(e.action, e.recording_id_text, e.reason) for e in events] == [
        ("play", REC, "not_visible"),
        ("play", "rec_unheardof", "not_visible"),
    ]


def test_a_request_for_audio_without_a_sign_in_is_a_row(call, clients):
    browser = Client(REMOTE_ADDR="203.0.113.9")
    for path in (
        AUDIO,
        DOWNLOAD,
        f"/recordings/{REC}/waveform",
        "/recordings/rec_unheardof/audio",
        f"/sessions/{call.kallglot_id}/transcript.txt",
        "/exports/1/download",
    ):
        assert ask(browser, path)[0] == 401
    events = AuditEvent.objects.order_by("pk")
    assert [(e.action, e.session_id_text, e.recording_id_text) for e in events] == [
        ("play", "", REC),
        ("download", "", REC),
        ("play", "", REC),
        ("play", "", "rec_unheardof"),
        ("export", call.kallglot_id, ""),
        ("download", "", ""),
    ]
    for event in events:
        assert (event.user, event.user_name, event.user_number) == (None, "", None)
        assert (event.outcome, event.reason) == ("refused", "not_signed_in")
        assert event.address == "203.0.113.9"
    assert audit.check() == ""


def test_strangers_cannot_fill_the_trail(db, monkeypatch):
    monkeypatch.setattr(refusals, "_allowance", refusals._Allowance())
    monkeypatch.setattr(refusals._Allowance, "EACH_ADDRESS", 2)
    monkeypatch.setattr(refusals._Allowance, "ALL", 5)
    for number in range(4):
        for _ in range(3):
            assert ask(Client(REMOTE_ADDR=f"203.0.113.{number}"), AUDIO)[0] == 401
    assert AuditEvent.objects.count() == 5


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("place", [AUDIO, DOWNLOAD])
def test_no_byte_leaves_without_a_row(call, clients, vendor_bytes, place):
    if connection.vendor != "sqlite":
        pytest.skip("another connection locks the whole database in SQLite only")
    # Signed in and warm, so that nothing but the trail is to be written.
    ask(clients["lead"], "/")
    ask(clients["administrator"], DOWNLOAD)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200")
    before = rows()
    locker = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    try:
        status, body = ask(clients["lead"], place)
        assert status == 503
        assert vendor_bytes(REC)[:20] not in body
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    assert rows() == before
    assert ask(clients["lead"], place) == (200, vendor_bytes(REC))
    assert len(rows()) == len(before) + 1
