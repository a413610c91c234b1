"""Imports make room for webhooks, can be stopped, are limited per user, and have an order."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from recordings import tasks
from recordings.models import Import, ImportItem, Session, WorkerState
from recordings.roles import REVIEWER
from recordings.services import import_order, importing, refreshing
from recordings.simulator import make_call, noise
from tests.factories import make_recording, make_session
from tests.pages import text_of

IDS = [f"sess_i{n}" for n in range(8)]
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.fixture(autouse=True)
def quiet_queue(monkeypatch):
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: None)


@pytest.fixture
def calls(vendor, db):
    for session_id in IDS:
        vendor.add_call(make_call(session_id, {"mixed": noise(100)}))


def outcomes(batch) -> list[str]:
    return list(batch.items.order_by("pk").values_list("outcome", flat=True))


def test_a_stopped_import_keeps_what_is_done_and_asks_no_more(clients, people, calls, vendor):
    batch = importing.create(people["reviewer"], IDS)
    reviewer = clients["reviewer"]
    assert "Stop this import" in reviewer.get(f"/imports/{batch.pk}/").text

    def stop_after_two():
        if vendor.requests.count() == 4:
            importing.stop(batch)

    importing.work_off(on_each=stop_after_two)

    assert outcomes(batch) == ["added"] * 2 + ["stopped"] * 6
    assert Session.objects.count() == 2
    page = text_of(reviewer.get(f"/imports/{batch.pk}/").text)
    assert "Stopped: 2 of 8 looked up" in page
    assert "6 dropped" in page
    assert "sess_i7 Not looked up: the import was stopped." in page
    assert "Stop this import" not in page


def test_who_may_stop_an_import(clients, people, person, calls):
    another = Client()
    another.force_login(person("another", REVIEWER))
    for client, status in (
        (another, 404),
        (clients["reviewer"], 302),
        (clients["lead"], 302),
        (clients["administrator"], 302),
    ):
        batch = importing.create(people["reviewer"], IDS[:2])
        assert client.post(f"/imports/{batch.pk}/stop").status_code == status
        assert batch.is_done == (status == 302)
        if status == 404:
            importing.stop(batch)
    assert clients["reviewer"].get(f"/imports/{batch.pk}/stop").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people["reviewer"])
    assert strict.post(f"/imports/{batch.pk}/stop").status_code == 403


def test_leads_find_the_imports_of_others_but_not_other_teams_calls(
    clients, people, calls, other_team
):
    batch = importing.create(people["administrator"], IDS[:3])
    assert f"/imports/{batch.pk}/" in clients["lead"].get("/imports/").text
    assert f"/imports/{batch.pk}/" not in clients["reviewer"].get("/imports/").text
    importing.work_off()
    Session.objects.filter(kallglot_id=IDS[0]).update(team=other_team)

    page = text_of(clients["lead"].get(f"/imports/{batch.pk}/").text)

    assert f"{IDS[0]} Kallglot does not know this id." in page
    assert f"{IDS[1]} Added · Open the call" in page


def test_unfinished_imports_of_one_user_are_limited_and_the_text_stays(clients, vendor):
    reviewer = clients["reviewer"]
    for number in range(importing.MAX_UNFINISHED):
        ids = " ".join(f"sess_{number}x{n}" for n in range(6))
        assert reviewer.post("/sessions/open", {"ids": ids}).status_code == 302
    text = " ".join(IDS)

    answer = reviewer.post("/sessions/open", {"ids": text})

    assert answer.status_code == 429
    assert "You have 5 imports under way" in text_of(answer.text)
    assert text in answer.text
    assert clients["lead"].post("/sessions/open", {"ids": text}).status_code == 302
    importing.stop(Import.objects.filter(user__username="reviewer").first())
    assert reviewer.post("/sessions/open", {"ids": text}).status_code == 302


def test_ids_of_one_user_are_limited_per_day(clients, people, vendor, monkeypatch):
    monkeypatch.setattr(importing, "MAX_IDS_A_DAY", 10)
    batch = importing.create(people["reviewer"], IDS)

    answer = clients["reviewer"].post("/sessions/open", {"ids": " ".join(IDS)})

    assert answer.status_code == 429
    assert "One user may import 10 ids within 24 hours." in text_of(answer.text)
    Import.objects.filter(pk=batch.pk).update(created_at=timezone.now() - timedelta(hours=25))
    assert clients["reviewer"].post("/sessions/open", {"ids": " ".join(IDS)}).status_code == 302


def test_imports_make_room_for_calls_that_are_due(people, calls, vendor):
    WorkerState.beat()
    importing.create(people["reviewer"], IDS[:2])
    make_session("sess_told", next_refresh_at=timezone.now())

    assert 0 < importing.work_off() <= 5
    assert vendor.requests.count() == 0

    vendor.add_call(make_call("sess_told", {"mixed": noise(100)}))
    refreshing.refresh_due()
    importing.work_off()
    assert not ImportItem.objects.waiting().exists()


def test_a_command_without_a_worker_does_not_wait_for_due_calls(people, calls):
    importing.create(people["reviewer"], IDS[:2])
    make_session("sess_told", next_refresh_at=timezone.now())

    importing.work_off()

    assert not ImportItem.objects.waiting().exists()


def ulid(moment: datetime, tail: str = "ABCD") -> str:
    milliseconds, characters = int(moment.timestamp() * 1000), ""
    for _ in range(10):
        milliseconds, place = divmod(milliseconds, 32)
        characters = _ALPHABET[place] + characters
    return f"sess_{characters}{tail}"


def test_calls_with_the_least_time_left_are_asked_for_first(people, db):
    now = timezone.now()
    make_recording(
        make_session(), created_at=now - timedelta(days=5), expires_at=now + timedelta(days=25)
    )
    old, older, expired, long_expired = (
        ulid(now - timedelta(days=days)) for days in (3, 29, 31, 300)
    )
    future = ulid(now + timedelta(days=9))
    ids = ["sess_b", long_expired, old, "sess_a", future, expired, older]

    batch = importing.create(people["reviewer"], ids)

    asked = list(batch.items.order_by("pk").values_list("kallglot_id", flat=True))
    assert asked == [older, old, "sess_b", "sess_a", future, expired, long_expired]


@pytest.mark.parametrize(
    ("kallglot_id", "made_at"),
    [
        ("sess_01J9ZPXC3V5N6R", datetime(2024, 10, 12, tzinfo=UTC).date()),
        ("rec_01J9ZQ58A1B2C3", datetime(2024, 10, 12, tzinfo=UTC).date()),
        ("sess_known", None),
        ("sess_0000000000ABCD", None),
        ("sess_7ZZZZZZZZZABCD", None),
        ("sess_01j9zpxc3v5n6r", None),
        ("sess_" + "0" * 64, None),
    ],
)
def test_the_time_in_an_id(kallglot_id, made_at):
    found = import_order.made_at(kallglot_id)
    assert (found and found.date()) == made_at
