"""The audit trail stays as it was written: no row is changed, moved to another user or lost."""

import io

import pytest
from django.contrib.admin.sites import site
from django.core.management import CommandError, call_command
from django.db import connection

from recordings.models import Access, AuditEvent, Export
from recordings.models.audit import AppendOnly
from recordings.services import audit, zipping
from tests.test_trail import AUDIO, DOWNLOAD, REC, ask, rows


def test_rows_cannot_be_changed_by_the_portal(call, clients, people):
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
        lambda: AuditEvent.objects.bulk_create(
            [event], update_conflicts=True, update_fields=["outcome"], unique_fields=["pk"]
        ),
        lambda: AuditEvent.objects.bulk_create([event]),
        lambda: AuditEvent._base_manager.update(outcome="refused"),
        lambda: AuditEvent._base_manager.all().delete(),
        lambda: AuditEvent._base_manager.bulk_update([event], ["outcome"]),
        lambda: everything._raw_delete(everything.db),
        lambda: people["lead"].audit_events.update(outcome="refused"),
        lambda: everything.update(user=people["reviewer"]),
        lambda: everything.update(user=None, outcome="refused"),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    assert rows() == [("lead", "play", "started")]
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
    assert rows() == [("lead", "play", "started")]
    names = {permission.codename for permission in _permissions()}
    assert names <= {"view_auditevent"}
    if AuditEvent in site._registry:
        assert not site._registry[AuditEvent].has_delete_permission(None)


def _permissions():
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(content_type__model="auditevent")


def test_a_row_outlives_its_person_and_its_call(call, clients, people):
    ask(clients["lead"], AUDIO)
    number = people["lead"].pk
    people["lead"].delete()
    call.delete()
    event = AuditEvent.objects.get(action="play")
    assert (event.user, event.user_name, event.user_number) == (None, "lead", number)
    assert event.recording_id_text == REC
    assert audit.check() == ""


def test_what_a_table_held_outlives_the_account(call, clients, people):
    answer = clients["lead"].post("/exports/", {"kind": "csv", "session": call.kallglot_id})
    answer.getvalue()
    people["lead"].delete()
    event = AuditEvent.objects.get(action="export")
    export = Export.objects.get(pk=event.reason.removeprefix("csv "))
    assert (event.user_name, export.user, export.session_ids) == ("lead", None, [call.pk])


def test_a_zip_of_a_deleted_account_is_not_made(call, clients, people):
    data = {"kind": "zip", "session": call.kallglot_id}
    assert clients["lead"].post("/exports/", data).status_code == 302
    people["lead"].delete()
    zipping.make_waiting()
    assert Export.objects.get().state == "failed"


def test_a_row_cannot_be_moved_to_another_account(call, clients, people):
    ask(clients["lead"], AUDIO)
    event = AuditEvent.objects.get(action="play")
    other = people["reviewer"].pk
    for column, value in (("user_id", other), ("user_number", other), ("version", 1)):
        with connection.cursor() as cursor:
            sql = f"UPDATE recordings_auditevent SET {column} = %s WHERE id = %s"
            cursor.execute(sql, [value, event.pk])
            assert audit.first_broken_row() == event
            cursor.execute(sql, [getattr(event, column), event.pk])
    assert audit.check() == ""


def test_rows_of_earlier_releases_stay_right(call, clients, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(AuditEvent, "VERSION", 1)
        ask(clients["lead"], DOWNLOAD)
    AuditEvent.objects.get(version=1, action="download")
    ask(clients["lead"], DOWNLOAD)
    assert AuditEvent.objects.filter(version=2, action="download").count() == 1
    assert audit.check() == ""


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
