"""When the worker is not heard of: who is told, where, and what still works."""

from datetime import timedelta

from django.utils import timezone

from recordings.models import WorkerState
from tests.conftest import CALL

LINE = "The worker has not been heard of"


def test_only_administrators_are_told_on_every_page(clients, call, long_running):
    for address in ("/", f"/sessions/{CALL}/", "/imports/", "/exports/"):
        assert LINE in clients["administrator"].get(address).text
        assert LINE not in clients["lead"].get(address).text


def test_a_fragment_does_not_tell_it(clients, call, long_running):
    answer = clients["administrator"].get(
        f"/sessions/{CALL}/recordings", headers={"HX-Request": "true"}
    )
    assert LINE not in answer.text


def test_a_beat_ends_it_and_silence_begins_it(clients, db, long_running):
    WorkerState.beat()
    assert LINE not in clients["administrator"].get("/").text

    WorkerState.objects.update(last_beat_at=timezone.now() - timedelta(minutes=4))
    assert LINE in clients["administrator"].get("/").text


def test_a_portal_just_started_misses_nobody(clients, db):
    assert LINE not in clients["administrator"].get("/").text
    assert clients["administrator"].get("/readyz").json()["checks"]["worker"] == "ok"


def test_readyz_is_degraded_and_still_ready(clients, vendor, db, long_running):
    answer = clients["administrator"].get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["worker"] == "silent"


def test_everything_people_do_themselves_works(clients, vendor, db, long_running):
    lead = clients["lead"]
    assert lead.post("/sessions/open", {"ids": CALL}).status_code == 302
    assert lead.get(f"/sessions/{CALL}/").status_code == 200
    table = lead.post("/exports/", {"kind": "csv", "session": CALL})
    assert CALL.encode() in table.getvalue()
    played = lead.get("/recordings/rec_known_mixed/audio")
    assert len(b"".join(played.streaming_content)) == 10_000
    played.close()
