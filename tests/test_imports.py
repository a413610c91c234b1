"""Adding many calls: files of any kind, progress, and what came of each id."""

import io
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from recordings import tasks
from recordings.models import Import, ImportItem, ImportOutcome, Lease, Session, VendorState
from recordings.services import importing, pasted_ids
from recordings.simulator import make_call, noise
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.pages import text_of

KNOWN = [f"sess_i{n}" for n in range(8)]


@pytest.fixture(autouse=True)
def wishes(monkeypatch):
    """What the worker was asked to do."""
    asked = []
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: asked.append(task))
    return asked


@pytest.fixture
def calls(vendor, db):
    """Eight calls that Kallglot knows and the portal does not."""
    for session_id in KNOWN:
        vendor.add_call(make_call(session_id, {"mixed": noise(100)}))
    return KNOWN


def send(client, text="", file=None, name="ids.csv"):
    data = {"ids": text}
    if file is not None:
        data["file"] = SimpleUploadedFile(name, file)
    return client.post("/sessions/open", data)


def outcomes(batch) -> dict[str, str]:
    return dict(batch.items.values_list("kallglot_id", "outcome"))


def counts(answer) -> str:
    return text_of(re.search(r'<ul class="tally">(.*?)</ul>', answer.text, re.DOTALL)[1])


@pytest.mark.parametrize(
    "data",
    [
        b'session_id,note\r\nsess_a,"x, y"\r\n"sess_b",=1+1\r\n',
        json.dumps([{"session": "sess_a"}, {"deep": [{"id": "sess_b"}]}]).encode(),
        "Grüße: sess_a – und sess_b".encode(),
        "Grüße: sess_a und sess_b".encode("latin-1"),
        "\ufeffsess_a;sess_b".encode(),
        "äsess_a\nsess_b".encode("utf-16"),
        "sess_a\tsess_b".encode("utf-16-be"),
        "sess_a\tsess_b".encode("utf-16-le"),
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_ids_are_found_in_files_of_any_kind(data):
    ids = [found.id for found in pasted_ids.in_file(data)]
    assert ids == ([] if len(data) < 4 else ["sess_a", "sess_b"])


def test_a_file_with_one_id_leads_to_its_room(clients, vendor):
    answer = send(clients["reviewer"], file=f"id\n{CALL}\n".encode())

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/sessions/{CALL}/")


def test_text_and_file_count_together_and_every_id_once(clients, calls, wishes):
    text = " ".join(calls[:4])
    answer = send(clients["reviewer"], text, "\n".join(calls[2:]).encode())

    assert answer.headers["Location"] == f"/imports/{Import.objects.get().pk}/"
    assert list(ImportItem.objects.values_list("kallglot_id", flat=True)) == calls
    assert wishes == [tasks.work_off_imports]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"nothing here", "There is no Kallglot id in this file."),
        (b"", "There is no Kallglot id in this file."),
        (b"sess_a " + b"x" * (5 * 2**20), "This file is larger than 5 MB"),
    ],
)
def test_a_file_of_no_use_says_why(file, sentence, clients, vendor):
    answer = send(clients["reviewer"], file=file)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert vendor.requests.count() == 0
    assert not Import.objects.exists()


def test_there_is_a_most_that_one_import_takes(clients, vendor):
    ids = " ".join(f"sess_{n}" for n in range(Import.MOST_IDS + 1)).encode()

    answer = send(clients["reviewer"], file=ids)

    assert answer.status_code == 422
    assert "There are 20001 ids in this; please send at most 20000 at once." in answer.text


def test_asking_for_many_costs_no_call_until_the_worker_is_at_it(clients, calls, vendor):
    send(clients["reviewer"], " ".join(calls))
    assert vendor.requests.count() == 0

    assert importing.work_off() is None

    assert set(outcomes(Import.objects.get()).values()) == {"added"}
    assert Session.objects.filter(kallglot_id__in=calls).count() == 8
    assert importing.work_off() is None
    assert vendor.requests.count() == 16


def test_what_came_of_each_id_is_said(clients, people, calls, vendor, other_team):
    make_session("sess_mine")
    make_recording(make_session("sess_other_known"), "rec_mine")
    make_recording(make_session("sess_theirs", team=other_team), "rec_theirs")
    vendor.faults.add("status", "/sessions/sess_i1", status=410)
    text = (
        f"{' '.join(calls[:2])} sess_nobody rec_i3_mixed sess_mine rec_mine sess_theirs rec_theirs"
    )

    batch = Import.objects.get(pk=send(clients["reviewer"], text).headers["Location"].split("/")[2])
    importing.work_off()

    assert outcomes(batch) == {
        "sess_i0": "added",
        "sess_i1": "failed",
        "sess_nobody": "not_found",
        "rec_i3_mixed": "added",
        "sess_mine": "known",
        "rec_mine": "known",
        "sess_theirs": "not_found",
        "rec_theirs": "not_found",
    }
    assert vendor.requests.count("sess_mine") == 0
    # Another team's call costs as many requests as one that does not exist.
    assert vendor.requests.count("sess_theirs") == vendor.requests.count("sess_nobody") > 0
    page = clients["reviewer"].get(f"/imports/{batch.pk}/")
    lines = [text_of(line) for line in re.findall(r"<li class=.notice.*?</li>", page.text, re.S)]
    unknown = "Kallglot does not know this id."
    assert f"sess_nobody {unknown}" in lines
    assert f"sess_theirs {unknown}" in lines
    assert "sess_i1 Kallglot has deleted this for good." in lines
    assert "sess_i0 Added · Open the call" in lines
    assert "sess_mine Was known already · Open the call" in lines
    assert counts(page) == (
        "2 added 2 known already 3 not known to Kallglot 1 could not be looked up 0 waiting"
    )
    assert "hx-get" not in page.text  # nothing more is to come


def test_progress_tells_what_is_new_since_and_slows_down(clients, calls, vendor):
    location = send(clients["reviewer"], " ".join(calls)).headers["Location"]
    page = clients["reviewer"].get(location)
    assert "0 of 8 looked up" in page.text
    assert "allows about 10 calls a minute here" in page.text
    assert 'hx-trigger="load delay:2s"' in page.text

    nothing_new = poll(clients["reviewer"], page)
    assert "look=2" in nothing_new.text
    assert "hx-swap-oob" not in nothing_new.text
    for _ in range(8):
        nothing_new = poll(clients["reviewer"], nothing_new)
    assert 'hx-trigger="load delay:30s"' in nothing_new.text
    for_hours = clients["reviewer"].get(f"{location}progress?look=100")
    assert 'hx-trigger="load delay:30s"' in for_hours.text

    importing.work_off()
    news = poll(clients["reviewer"], nothing_new)
    assert "All 8 looked up" in news.text
    assert 'id="results" hx-swap-oob="afterbegin"' in news.text
    assert all(session_id in news.text for session_id in calls)
    assert "<html" not in news.text
    assert "hx-get" not in news.text


def poll(client, answer):
    address = re.search(r'hx-get="([^"]+)"', answer.text)[1].replace("&amp;", "&")
    return client.get(address, headers={"HX-Request": "true"})


@pytest.mark.parametrize(
    "since",
    [
        *("x", "2026-13-01T00:00Z", "2026-01-01T00:00:00", "", "9" * 5000),
        *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_made_up_moment_does_no_harm(since, clients, calls, vendor):
    location = send(clients["reviewer"], " ".join(calls)).headers["Location"]

    answer = clients["reviewer"].get(f"{location}progress", {"since": since, "look": "-1"})

    assert answer.status_code == 200


def test_an_import_is_seen_by_its_owner_leads_and_administrators_only(clients, calls, person):
    from django.test import Client

    from recordings.roles import REVIEWER

    location = send(clients["reviewer"], " ".join(calls)).headers["Location"]
    another = Client()
    another.force_login(person("another", REVIEWER))

    for address in (location, f"{location}progress"):
        assert clients["reviewer"].get(address).status_code == 200
        assert clients["administrator"].get(address).status_code == 200
        assert clients["lead"].get(address).status_code == 200
        assert another.get(address).status_code == 404
    assert location in clients["reviewer"].get("/imports/").text
    assert location not in another.get("/imports/").text


@pytest.mark.parametrize("number", ["0", "99", "9" * 30, "9" * 5000, "-1", "x"])
def test_an_import_that_never_was_is_not_found(number, clients, db):
    assert clients["administrator"].get(f"/imports/{number}/").status_code == 404


def test_a_full_rate_limit_lets_the_rest_wait(people, calls, vendor):
    batch = importing.create(people["reviewer"], calls)
    vendor.faults.add("status", status=429, retry_after=40, skip=4)

    wait_s = importing.work_off()

    assert 30 < wait_s <= 45
    assert batch.counts()["added"] == 2
    assert batch.counts()["waiting"] == 6
    vendor.faults.clear()
    VendorState.objects.update(paused_until=None)
    assert importing.work_off() is None
    assert batch.counts()["added"] == 8


def test_one_id_that_cannot_be_asked_about_is_tried_again_and_then_given_up(people, calls, vendor):
    batch = importing.create(people["reviewer"], calls[:2])
    vendor.faults.add("invalid_json", "/sessions/sess_i0")

    for attempt in range(8):
        assert batch.counts()["waiting"] == (1 if attempt else 2)
        importing.work_off()
        ImportItem.objects.waiting().update(next_at=timezone.now())

    assert outcomes(batch) == {"sess_i0": "failed", "sess_i1": "added"}
    assert ImportItem.objects.get(kallglot_id="sess_i0").reason == "vendor_not_json"
    assert batch.is_done


def test_a_short_import_does_not_wait_for_a_long_one(people, calls, vendor):
    importing.create(people["lead"], calls[:7])
    short = importing.create(people["reviewer"], [CALL])
    vendor.faults.add("status", status=429, retry_after=40, skip=6)

    importing.work_off()

    assert short.is_done


def test_an_import_of_another_worker_is_left_to_it(people, calls, vendor):
    importing.create(people["lead"], calls)
    with Lease.take("importing"):
        assert importing.work_off() > 0
    assert vendor.requests.count() == 0
    assert importing.work_off() is None


def test_a_killed_workers_lease_is_noticed(db, monkeypatch):
    lease = Lease.take("importing")
    monkeypatch.setattr("recordings.models.work._ours", set())

    assert Lease.take("importing") is not None
    assert lease.prolong() is True  # it has not looked yet
    lease.held_until = timezone.now()
    assert lease.prolong() is False


def test_a_lease_of_another_machine_lapses(db):
    Lease.objects.create(name="importing", holder="else:1:x", held_until=timezone.now())
    assert Lease.take("importing") is not None
    Lease.objects.update(holder="else:1:x", held_until=timezone.now() + Lease.LASTS)
    assert Lease.take("importing") is None


def test_the_command_does_the_same(calls, vendor, tmp_path, monkeypatch):
    file = tmp_path / "ids.csv"
    file.write_text("\n".join([*calls, "sess_nobody"]))
    out = io.StringIO()

    call_command("import_sessions", str(file), stdout=out)

    assert "9 of 9: 8 added, 0 known already, 1 not known to Kallglot, 0 failed" in out.getvalue()
    assert ImportItem.objects.filter(outcome=ImportOutcome.ADDED).count() == 8
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(calls[0].encode())))
    call_command("import_sessions", "-", stdout=out)
    assert "1 of 1: 0 added, 1 known already" in out.getvalue()


def test_the_command_goes_on_with_an_import_begun_before(calls, vendor):
    batch = importing.create(None, calls)
    out = io.StringIO()

    call_command("import_sessions", "--resume", str(batch.pk), stdout=out)

    assert batch.counts()["added"] == 8
    with pytest.raises(CommandError, match="no import 4711"):
        call_command("import_sessions", "--resume", "4711", stdout=out)


@pytest.mark.parametrize(
    ("content", "why"), [(b"none", "no Kallglot id"), (None, "cannot be read")]
)
def test_the_command_says_what_is_wrong_with_a_file(content, why, tmp_path, db):
    file = tmp_path / "ids"
    if content:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=why):
        call_command("import_sessions", str(file))
