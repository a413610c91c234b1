"""The trail: one row for each thing done, none for what was not, and none that can be changed."""

import io
import sqlite3
from datetime import timedelta

import pytest
from django.contrib.admin.sites import site
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from recordings.models import Access, AuditEvent, Recording
from recordings.models.audit import AppendOnly
from recordings.services import accesses, audit
from recordings.simulator import Fault

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
    assert rows() == [("reviewer", "play", "done")]
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
    assert rows() == [("reviewer", "play", "done")]
    assert timezone.now() - Access.objects.get().last_at < timedelta(minutes=1)
    back_in_time(minutes=31)
    ask(clients["reviewer"], AUDIO, range="bytes=5000-")
    assert rows() == [("reviewer", "play", "done")] * 2


def test_people_and_recordings_have_rows_of_their_own(call, clients):
    for role in ("reviewer", "lead", "administrator", "reviewer"):
        ask(clients[role], AUDIO)
    ask(clients["lead"], "/recordings/rec_known_agent/audio")
    assert sorted(rows()) == sorted(
        [(role, "play", "done") for role in ("reviewer", "lead", "lead", "administrator")]
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
    action = "play" if place == AUDIO else "download"
    assert rows() == [("lead", action, "failed")]
    assert AuditEvent.objects.get(outcome="failed").reason == "vendor_unavailable"


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
    assert ask(Client(), AUDIO)[0] == 401
    assert ask(clients["lead"], "/recordings/rec_unheardof/audio")[0] == 404
    assert rows() == []


def test_rows_cannot_be_changed_by_the_portal(call, clients):
    ask(clients["lead"], AUDIO)
    event = AuditEvent.objects.get(action="play")
    event.outcome = "refused"
    everything = AuditEvent.objects.all()
    for attempt in (
        event.save,
        event.delete,
        everything.delete,
        lambda: everything.update(outcome="refused"),
        lambda: everything.bulk_update([event], ["outcome"]),
        lambda: everything.filter(pk=event.pk).update(user_name="nobody"),
        lambda: AuditEvent.objects.update_or_create(pk=event.pk, defaults={"outcome": "refused"}),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    assert rows() == [("lead", "play", "done")]
    assert audit.first_broken_row() is None


def test_the_trail_is_not_the_admins_to_change(call, clients):
    ask(clients["lead"], AUDIO)
    event = AuditEvent.objects.get(action="play")
    page = f"/admin/recordings/auditevent/{event.pk}"
    for answer in (
        clients["administrator"].post(f"{page}/change/", {"outcome": "refused"}),
        clients["administrator"].post(f"{page}/delete/", {"post": "yes"}),
    ):
        assert answer.status_code in (403, 404, 405)
    assert rows() == [("lead", "play", "done")]
    names = {permission.codename for permission in _permissions()}
    assert names <= {"view_auditevent"}
    if AuditEvent in site._registry:
        assert not site._registry[AuditEvent].has_delete_permission(None)


def _permissions():
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(content_type__model="auditevent")


def test_a_row_outlives_its_person_and_its_call(call, clients, people):
    ask(clients["lead"], AUDIO)
    people["lead"].delete()
    call.delete()
    event = AuditEvent.objects.get(action="play")
    assert (event.user_name, event.recording_id_text) == ("lead", REC)
    assert audit.first_broken_row() is None


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE recordings_auditevent SET user_name = 'nobody' WHERE id = %s",
        "UPDATE recordings_auditevent SET outcome = 'refused' WHERE id = %s",
        "UPDATE recordings_auditevent SET address = '' WHERE id = %s",
        "UPDATE recordings_auditevent SET recording_id_text = 'rec_other' WHERE id = %s",
        "DELETE FROM recordings_auditevent WHERE id = %s",
    ],
)
def test_a_hand_in_the_database_breaks_the_chain(call, clients, sql):
    for _ in range(3):
        ask(clients["lead"], DOWNLOAD)
    assert audit.first_broken_row() is None
    second, third = AuditEvent.objects.filter(action="download").order_by("pk")[1:]
    Access.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(sql, [second.pk])
    broken = audit.first_broken_row()
    assert broken.pk == (third.pk if sql.startswith("DELETE") else second.pk)


def test_the_end_of_the_trail_cannot_be_cut_off_unseen(call, clients):
    for _ in range(2):
        ask(clients["lead"], DOWNLOAD)
    Access.objects.all().delete()
    with connection.cursor() as cursor:
        last = AuditEvent.objects.first().pk
        cursor.execute("DELETE FROM recordings_auditevent WHERE id = %s", [last])
    before = AuditEvent.objects.first()
    with pytest.raises(CommandError, match=f"Rows are missing after row {before.pk} "):
        call_command("check_trail")
    # The digest of the newest row is kept apart, so the next row no longer follows.
    ask(clients["lead"], DOWNLOAD)
    assert audit.first_broken_row() is not None


def test_a_trail_of_which_nothing_is_left_is_seen(call, clients):
    ask(clients["lead"], DOWNLOAD)
    Access.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM recordings_auditevent")
    with pytest.raises(CommandError, match="Rows are missing after the beginning"):
        call_command("check_trail")


def test_the_trail_can_be_checked_at_the_command_line(call, clients):
    told = io.StringIO()
    call_command("check_trail", stdout=told)
    for _ in range(2):
        ask(clients["lead"], DOWNLOAD)
    call_command("check_trail", stdout=told)
    assert told.getvalue().splitlines() == [
        "The trail is untouched: 0 rows.",
        "The trail is untouched: 2 rows.",
    ]
    first = AuditEvent.objects.last()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE recordings_auditevent SET outcome = 'x' WHERE id = %s", [first.pk])
    with pytest.raises(CommandError, match=f"Row {first.pk} .* does not follow"):
        call_command("check_trail")


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
