"""Many calls at once: the table, the ZIP with its manifest, who may, and what is left behind."""

import csv
import hashlib
import io
import os
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from recordings import tasks
from recordings.models import (
    AuditEvent,
    Export,
    ExportState,
    Lease,
    Recording,
    Session,
    Transcript,
    Turn,
)
from recordings.roles import REVIEWER
from recordings.services import audit, exporting, listening, pruning, sync, zipping
from recordings.services.csv_cells import cell
from recordings.simulator import make_call, noise
from tests.conftest import CALL
from tests.factories import make_recording, make_session


@pytest.fixture(autouse=True)
def wishes(monkeypatch):
    """What the worker was asked to do."""
    asked = []
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: asked.append(task))
    return asked


def ask_for_zip(client, *ids, **choice):
    return client.post("/exports/", {"kind": "zip", "session": ids, **choice})


def make_zip(client, *ids, **choice) -> Export:
    number = ask_for_zip(client, *ids, **choice).headers["Location"].split("/")[2]
    zipping.make_waiting()
    return Export.objects.get(pk=number)


def fetched(client, export) -> zipfile.ZipFile:
    answer = client.get(f"/exports/{export.pk}/download")
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def manifest(archive) -> list[dict]:
    return list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))


def table(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


# -- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49301",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\xa0=1",
        "\uff1d1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_no_cell_comes_alive(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [("a=1", "a=1"), (-3, "-3"), (1.5, "1.5"), (None, ""), ("", ""), ("a\0b", "ab")],
)
def test_other_cells_stay_as_they_are(value, text):
    assert cell(value) == text


def test_the_table_is_a_download_with_inert_cells(clients, db):
    evil = '=HYPERLINK("http://x","y")'
    make_session("sess_a", phone_number="+4930901820", metadata={"note": 'a, "b"\nc'}, mode=evil)

    answer = clients["lead"].post("/exports/", {"kind": "csv", "session": ["sess_a"]})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head, row = table(answer)
    facts = dict(zip(head, row, strict=True))
    assert facts["session"] == "sess_a"
    assert facts["line"] == "'+4930901820"
    assert facts["mode"] == f"'{evil}"
    assert facts["metadata"] == 'note=a, "b"\nc'


def test_all_that_match_is_a_choice_of_its_own(clients, db):
    make_session("sess_a", source_language="fr")
    make_session("sess_b", source_language="de")
    for session in Session.objects.all():
        make_recording(session)
        session.summarise()

    answer = clients["lead"].post("/exports/", {"kind": "csv", "query": "?lang=de"})

    assert [row[0] for row in table(answer)[1:]] == ["sess_b"]


def test_the_number_of_queries_does_not_grow_with_the_table(
    clients, db, django_assert_max_num_queries
):
    ids = [make_recording(make_session()).session.kallglot_id for _ in range(40)]
    with django_assert_max_num_queries(30):
        answer = clients["lead"].post("/exports/", {"kind": "csv", "session": ids})
        assert len(table(answer)) == 41


# -- the ZIP -----------------------------------------------------------------------------------


def test_a_zip_holds_kallglots_bytes_and_a_manifest(clients, call, vendor_bytes, wishes):
    export = make_zip(clients["lead"], CALL)

    assert wishes == [tasks.make_exports]
    assert (export.state, export.done, export.total) == (ExportState.READY, 3, 3)
    archive = fetched(clients["lead"], export)
    assert archive.testzip() is None
    lines = manifest(archive)
    assert [line["channel"] for line in lines] == ["mixed", "agent", "customer"]
    for line in lines:
        content = archive.read(line["file"])
        assert content == vendor_bytes(line["recording"])
        assert hashlib.sha256(content).hexdigest() == line["sha256"]
        assert len(content) == int(line["bytes"])
        assert line["file"].endswith(("_mixed.mp3", "_agent.wav", "_customer.wav"))
    assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_only_the_channels_asked_for_go_in(clients, call):
    export = make_zip(clients["lead"], CALL, channel=["customer"])

    assert [line["channel"] for line in manifest(fetched(clients["lead"], export))] == ["customer"]


@pytest.mark.parametrize(
    ("text", "said", "unsaid"),
    [
        ("both", ["Guten Tag", "Good morning"], []),
        ("original", ["Guten Tag"], ["Good morning"]),
        ("translation", ["Good morning"], ["Guten Tag"]),
    ],
)
def test_transcripts_go_in_as_asked_for(text, said, unsaid, clients, call):
    transcript = Transcript.objects.update_or_create(
        session=call, defaults={"fetched_at": timezone.now()}
    )[0]
    Turn.objects.create(
        transcript=transcript,
        position=0,
        speaker="agent",
        text="Guten Tag",
        translation="Good morning",
        start=1,
    )

    export = make_zip(clients["lead"], CALL, channel=["mixed"], transcripts=text)

    archive = fetched(clients["lead"], export)
    texts = [line["file"] for line in manifest(archive) if line["channel"] == "transcript"]
    assert [name.rpartition(".")[2] for name in texts] == ["txt", "vtt"]
    for name in texts:
        content = archive.read(name).decode()
        assert [words for words in (*said, *unsaid) if words in content] == said


@pytest.mark.parametrize("query", ["?status=klingon", "?to=9999-12-31", "?min=x"])
def test_a_list_with_a_filter_that_is_not_understood_is_refused(query, clients, call):
    answer = clients["lead"].post("/exports/", {"kind": "csv", "query": query})
    assert answer.status_code == 422
    assert "not understood" in answer.text
    assert not Export.objects.exists()


def test_transcripts_in_no_known_way_are_refused(clients, call):
    answer = clients["lead"].post(
        "/exports/", {"kind": "zip", "session": [CALL], "transcripts": "klingon"}
    )
    assert answer.status_code == 422
    assert "original, translation, both" in answer.text
    assert not Export.objects.exists()


def test_what_cannot_be_had_is_listed_with_the_reason(clients, call, vendor):
    Recording.objects.filter(channel="agent").update(status="failed")
    vendor.faults.add("wrong_type", "rec_known_customer/audio", type="text/html")
    vendor.faults.add("wrong_bytes", "rec_known_customer/audio")
    make_session("sess_silent")

    export = make_zip(clients["lead"], CALL, "sess_silent")

    archive = fetched(clients["lead"], export)
    reasons = {
        line["recording"] or line["session"]: line["left_out_because"] for line in manifest(archive)
    }
    assert reasons["rec_known_agent"] == "Failed"
    assert reasons["rec_known_mixed"] == ""
    assert reasons["sess_silent"] == "no recordings"
    assert len(export.left_out) == len([reason for reason in reasons.values() if reason])
    page = clients["lead"].get(f"/exports/{export.pk}/")
    assert "rec_known_agent" not in page.text
    assert "agent: Failed" in page.text


def test_audio_that_was_heard_before_costs_no_call(clients, call, vendor):
    for recording in Recording.objects.all():
        listening.prefetch(recording)
    vendor.requests.clear()

    make_zip(clients["lead"], CALL)

    assert vendor.requests.count("/audio") == 0


def test_names_that_differ_by_case_only_stay_two_files(clients, vendor, db):
    for session_id in ("sess_Twin", "sess_tWIN"):
        vendor.add_call(make_call(session_id, {"mixed": noise(100)}))
        sync.open_call(session_id)

    export = make_zip(clients["lead"], "sess_Twin", "sess_tWIN")

    names = [line["file"] for line in manifest(fetched(clients["lead"], export))]
    assert len({name.casefold() for name in names}) == 2


def test_a_disk_that_takes_nothing_is_said(clients, call, audio_dir):
    ask_for_zip(clients["lead"], CALL)
    audio_dir.parent.mkdir(exist_ok=True)
    audio_dir.write_text("not a folder")

    zipping.make_waiting()

    export = Export.objects.get()
    assert (export.state, export.reason) == (ExportState.FAILED, "storage")
    page = clients["lead"].get(f"/exports/{export.pk}/")
    assert "disk could not take it" in page.text


def test_a_download_can_be_continued(clients, call):
    export = make_zip(clients["lead"], CALL)
    address = f"/exports/{export.pk}/download"
    whole = clients["lead"].get(address)
    content = whole.getvalue()

    part = clients["lead"].get(address, headers={"Range": "bytes=1000-", "If-Range": whole["ETag"]})

    assert part.status_code == 206
    assert part.getvalue() == content[1000:]
    assert part["Content-Range"] == f"bytes 1000-{len(content) - 1}/{len(content)}"
    assert whole["Content-Type"] == "application/zip"
    assert whole["Cache-Control"] == "private, no-store"
    assert whole["Content-Disposition"].startswith("attachment; filename=")
    head = clients["lead"].head(address)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(content)))
    over = clients["lead"].get(address, headers={"Range": "bytes=99999999-"})
    assert (over.status_code, over["Content-Range"]) == (416, f"bytes */{len(content)}")


def test_only_the_portal_may_read_the_file(clients, call):
    export = make_zip(clients["lead"], CALL)

    assert os.stat(exporting.path(export)).st_mode & 0o777 == 0o600
    assert os.stat(exporting.folder()).st_mode & 0o777 == 0o700


def test_progress_polls_until_it_is_there(clients, call):
    location = ask_for_zip(clients["lead"], CALL).headers["Location"]

    page = clients["lead"].get(location)
    assert "Waiting for its turn" in page.text
    assert f'hx-get="{location}progress?look=1&amp;seen=0"' in page.text
    slower = clients["lead"].get(f"{location}progress?look=6&seen=0")
    assert 'load delay:30s"' in slower.text
    for_hours = clients["lead"].get(f"{location}progress?look=100&seen=0")
    assert 'load delay:30s"' in for_hours.text
    news = clients["lead"].get(f"{location}progress?look=6&seen=1")
    assert 'load delay:1s"' in news.text
    assert clients["lead"].get(f"{location}download").status_code == 410

    zipping.make_waiting()
    done = clients["lead"].get(f"{location}progress?look=0&seen=0")
    assert "Download the ZIP" in done.text
    assert "hx-get" not in done.text


# -- its end -----------------------------------------------------------------------------------


def test_a_zip_is_gone_after_a_day(clients, call):
    export = make_zip(clients["lead"], CALL)
    assert timedelta(hours=23) < export.remove_at - timezone.now() <= timedelta(hours=24)
    pruning.prune()
    assert exporting.path(export).exists()

    Export.objects.update(remove_at=timezone.now())
    assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 410
    pruning.prune()

    assert not exporting.path(export).exists()
    export.refresh_from_db()
    assert export.state == ExportState.REMOVED
    assert "kept for a day" in clients["lead"].get(f"/exports/{export.pk}/").text


def test_a_zip_never_outlives_a_recording_in_it(clients, call):
    soon = timezone.now() + timedelta(hours=1)
    Recording.objects.filter(channel="agent").update(expires_at=soon)

    export = make_zip(clients["lead"], CALL)

    assert export.remove_at == soon


@pytest.mark.parametrize("change", [{"gone_since": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_recording_that_is_gone_takes_the_zip_along(change, clients, call):
    export = make_zip(clients["lead"], CALL)
    Recording.objects.filter(channel="agent").update(**change)

    assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 410
    pruning.prune()
    assert not exporting.path(export).exists()


def test_a_call_that_became_another_teams_is_not_downloaded(clients, call, other_team):
    export = make_zip(clients["lead"], CALL)
    Session.objects.update(team=other_team)

    assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 410


def test_pruning_leaves_exports_and_audio_apart(clients, call):
    export = make_zip(clients["lead"], CALL)
    stray = exporting.folder() / "4711.zip"
    stray.write_bytes(b"x")

    pruning.prune()

    assert not stray.exists()
    assert exporting.path(export).exists()
    assert len(list(listening.relay().store.all_keys())) == 3


def test_a_zip_that_was_being_made_is_made_anew(clients, call):
    ask_for_zip(clients["lead"], CALL)
    export = Export.objects.get()
    exporting.folder().mkdir(parents=True)
    left_over = exporting.part(export, "else:1:x")
    left_over.write_bytes(b"half a file" * 100_000)
    Export.objects.update(state=ExportState.RUNNING, done=2)

    with Lease.take("exporting"):
        zipping.make_waiting()
    assert Export.objects.get().state == ExportState.RUNNING
    zipping.make_waiting()

    archive = fetched(clients["lead"], Export.objects.get())
    assert archive.testzip() is None
    pruning.prune()
    assert not left_over.exists()


def test_an_export_whose_person_is_gone_leaves_nothing(clients, people, call):
    ask_for_zip(clients["lead"], CALL)
    people["lead"].groups.clear()

    zipping.make_waiting()

    assert Export.objects.get().reason == "not_allowed"
    assert list(exporting.folder().glob("*")) == [] if exporting.folder().exists() else True


# -- who may, how often, how much --------------------------------------------------------------


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
