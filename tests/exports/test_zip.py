"""The ZIP: its files, its manifest, what is left out, and its download."""

import hashlib
import os
import zipfile
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from recordings import tasks
from recordings.models import (
    AuditEvent,
    Export,
    ExportState,
    Recording,
    Transcript,
    Turn,
)
from recordings.services import accesses, exporting, listening, sync, zipping
from recordings.simulator import make_call, noise
from tests.conftest import CALL
from tests.factories import make_session

from .asking import ask_for_zip, fetched, make_zip, manifest


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


def test_recordings_of_an_unknown_channel_go_in_unless_channels_are_left_out(clients, call):
    Recording.objects.filter(channel="agent").update(channel="supervisor")
    Recording.objects.filter(channel="customer").update(channel="")

    every = fetched(clients["lead"], make_zip(clients["lead"], CALL))
    none = make_zip(clients["lead"], CALL, channel=["agent", "customer"])

    assert sorted(line["channel"] for line in manifest(every)) == ["", "mixed", "supervisor"]
    assert not [line for line in manifest(every) if line["left_out_because"]]
    (line,) = manifest(fetched(clients["lead"], none))
    assert line["left_out_because"] == "no recording of these channels"


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


def test_a_file_has_the_same_name_in_a_zip_and_alone_wherever_the_viewer_is(
    clients, call, settings
):
    settings.TIME_ZONE = "Europe/Berlin"
    lead = clients["lead"]
    lead.cookies["tz"] = "Asia/Tokyo"
    transcript = Transcript.objects.update_or_create(
        session=call, defaults={"fetched_at": timezone.now()}
    )[0]
    Turn.objects.create(transcript=transcript, position=0, text="Guten Tag")

    archive = fetched(lead, make_zip(lead, CALL, channel=["mixed"], transcripts="both"))

    alone = [
        lead.get("/recordings/rec_known_mixed/download"),
        *(lead.get(f"/sessions/{CALL}/transcript.{kind}") for kind in ("txt", "vtt")),
    ]
    names = [answer.headers["Content-Disposition"].split('"')[1] for answer in alone]
    assert names == [line["file"] for line in manifest(archive)]
    begun = call.begun_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert all(name.startswith(f"{begun:%Y-%m-%d_%H%M}_{CALL}_") for name in names)
    assert [answer.getvalue() for answer in alone] == [archive.read(name) for name in names]
    assert f"Call of {begun:%Y-%m-%d %H:%M} ({begun:%Z})" in alone[1].text


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


def test_a_file_that_the_disk_damaged_after_its_check_is_fetched_again(
    clients, call, vendor_bytes, audio_dir
):
    recording = Recording.objects.get(channel="mixed")
    listening.prefetch(recording)
    store = listening.relay().store
    audio = store.entry(listening.key(recording)).audio
    with audio.open("r+b") as file:
        file.seek(5_000)
        file.write(b"\0" * 64)
    # The file system has noticed nothing: the last check still counts.
    store.checks.remember(listening.key(recording), audio.stat())

    archive = fetched(clients["lead"], make_zip(clients["lead"], CALL))

    line = next(line for line in manifest(archive) if line["channel"] == "mixed")
    assert archive.read(line["file"]) == vendor_bytes(recording.kallglot_id)


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


@pytest.mark.parametrize("first", ["bytes=1-", "bytes=-1", "bytes=5-9", "bytes=0-0", None])
def test_every_download_has_its_row_whatever_range_it_begins_with(
    clients, call, first, monkeypatch
):
    export = make_zip(clients["lead"], CALL)
    address = f"/exports/{export.pk}/download"

    def rows():
        return AuditEvent.objects.filter(action="download", reason=f"zip {export.pk}").count()

    def download(method="get", **headers):
        response = getattr(clients["lead"], method)(address, headers=headers)
        return b"".join(response)

    assert download("head", Range="bytes=1-") == b""
    assert download(Range="bytes=99999999-") == b""
    assert rows() == 0
    assert download(**({"Range": first} if first else {}))
    assert rows() == 1
    for later in ("bytes=100-", "bytes=200-299"):
        assert download(Range=later)
    assert rows() == 1, "later parts continue the download"
    monkeypatch.setattr(accesses, "ONE_PLAYBACK", timedelta(0))
    assert download(Range="bytes=300-")
    assert rows() == 2


def test_what_is_no_file_is_no_download(clients, call, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not a ZIP")
    strangers = [os.mkfifo, os.mkdir, lambda path: path.symlink_to(elsewhere)]
    for put_in_its_place in strangers:
        export = make_zip(clients["lead"], CALL)
        path = exporting.path(export)
        path.unlink()
        put_in_its_place(path)
        assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 404


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
