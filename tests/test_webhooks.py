"""What the webhook address takes and refuses, and what is made of it."""

import json

import pytest
from django.db import OperationalError
from django.utils import timezone

from recordings import tasks
from recordings.models import Session, WebhookEvent
from recordings.services import events, refreshing, sync, transcript_round
from recordings.simulator.webhooks import event, events_of, sign
from tests.conftest import CALL

SECRET = "kg_test_signing_secret_0001"
HOOK = "/webhooks/kallglot"
TOLD = {"id": "evt_1", "type": "session.ended", "data": {"id": CALL, "object": "session"}}
BODY = json.dumps(TOLD).encode()
NOW = 1_800_000_000
OTHER = "0" * 64

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The portal's clock stands still, so that the limits of the tolerance are exact."""
    monkeypatch.setattr("recordings.views.webhooks.time.time", lambda: NOW)


@pytest.fixture(autouse=True)
def wishes(monkeypatch):
    """What the worker was asked to do."""
    asked = []
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: asked.append(task))
    return asked


def digest(body=BODY, t=NOW, secret=SECRET) -> str:
    return sign(secret, body, t).partition("v1=")[2]


def post(client, body=BODY, header=None, **headers):
    header = f"t={NOW},v1={digest(body)}" if header is None else header
    headers |= {"Kallglot-Signature": header} if header else {}
    return client.post(HOOK, body, content_type="application/json", headers=headers)


def deliver(client, *told):
    return [post(client, json.dumps(each).encode()).status_code for each in told]


@pytest.mark.parametrize(
    "header",
    [
        f"t={NOW},v1={digest()}",
        f"t={NOW - 299},v1={digest(t=NOW - 299)}",
        f"t={NOW + 299},v1={digest(t=NOW + 299)}",
        f"t={NOW},v1={OTHER},v1={digest()}",
        f"v0={OTHER}, v1={digest()}, t={NOW}",
    ],
    ids=["plain", "299 s old", "299 s ahead", "second v1", "other schemes and order"],
)
def test_a_good_signature_is_stored(header, client):
    answer = post(client, header=header)

    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert WebhookEvent.objects.get().event_id == "evt_1"


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        f"v1={digest()}",
        f"t={NOW}",
        f"t={NOW},v0={digest()}",
        f"t={NOW},v1={digest()[:-1]}",
        f"t={NOW},v1={digest()}0",
        f"t={NOW},v1={digest(secret='another')}",
        f"t={NOW},v1={digest(BODY + b'x')}",
        f"t={NOW - 1},v1={digest()}",
        f"t={NOW - 301},v1={digest(t=NOW - 301)}",
        f"t={NOW + 301},v1={digest(t=NOW + 301)}",
        f"t=+{NOW},v1={digest()}",
        f"t= {NOW},v1={digest()}",
        f"t=1_800_000_000,v1={digest()}",
        f"t=1.8e9,v1={digest()}",
        f"t=-1,v1={digest(t=-1)}",
        f"t={'1' * 5000},v1={digest()}",
        f"t={NOW},t={NOW},v1={digest()}",
        "x" * 65_536,
    ],
)
def test_any_other_signature_is_400_with_one_text(header, client, wishes):
    answer = post(client, header=header) if header else client.post(HOOK, BODY, "application/json")

    assert (answer.status_code, answer.content) == (400, b"This delivery is not accepted.\n")
    assert not WebhookEvent.objects.exists()
    assert wishes == []


@pytest.mark.parametrize(
    "changed",
    [BODY + b"\n", b"\xef\xbb\xbf" + BODY, BODY.replace(b" ", b""), BODY[:-1], b""],
    ids=["newline", "byte order mark", "written anew", "a byte short", "empty"],
)
def test_the_bytes_that_came_are_what_is_signed(changed, client):
    answer = post(client, changed, header=f"t={NOW},v1={digest(BODY)}")

    assert answer.status_code == 400
    assert not WebhookEvent.objects.exists()


def test_two_secrets_are_good_while_one_replaces_the_other(client, settings):
    settings.KALLGLOT_WEBHOOK_SECRETS = ["new-secret", "old-secret"]

    for number, secret in enumerate(("old-secret", "new-secret")):
        body = json.dumps({**TOLD, "id": f"evt_{number}"}).encode()
        header = f"t={NOW},v1={digest(body, secret=secret)}"
        assert post(client, body, header).status_code == 200
    assert post(client).status_code == 400
    assert WebhookEvent.objects.count() == 2


def test_without_a_secret_nothing_is_believed(client, settings):
    settings.KALLGLOT_WEBHOOK_SECRETS = []

    assert post(client, header=f"t={NOW},v1={digest(secret='')}").status_code == 400


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_other_methods_are_405_with_what_is_allowed(method, client):
    answer = getattr(client, method)(HOOK)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_being_signed_in_gives_no_right_here(clients):
    assert clients["administrator"].post(HOOK, BODY, "application/json").status_code == 400


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'"text"', b"1", b"not json", b"\xff\xfe", b"[" * 100_000, b"9" * 9000]
)
def test_a_signed_body_that_is_no_event_is_400(body, client):
    assert post(client, body).status_code == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"id": 7, "type": ["x"], "data": None, "created_at": {}},
        {"id": "x" * 101, "type": "t" * 200, "data": "sess_" + "x" * 65},
        {"id": "evt_\ud800", "type": "session.\udfff\x00", "created_at": "2026-13-45T99:00Z"},
        {"id": "e", "type": "t", "created_at": "0001-01-01T00:00:00+23:59"},
        {"id": "e", "type": "t", "data": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}},
    ],
)
def test_an_event_of_any_shape_is_kept(told, client):
    assert deliver(client, told) == [200]
    assert WebhookEvent.objects.count() == 1
    assert events.work_off() == 1


def test_a_repeat_is_acknowledged_and_changes_nothing(client, wishes):
    assert deliver(client, TOLD, TOLD, TOLD) == [200, 200, 200]
    assert WebhookEvent.objects.count() == 1
    # The worker may be woken once too often, and finds one event.
    assert set(wishes) == {tasks.work_off_events}


def test_long_ids_that_begin_alike_are_two_events(client):
    assert deliver(client, {"id": "e" * 100 + "1"}, {"id": "e" * 100 + "2"}) == [200, 200]
    assert WebhookEvent.objects.count() == 2


def test_an_event_of_an_unknown_type_is_kept_and_logged(client, vendor, caplog):
    caplog.set_level("INFO")
    assert deliver(client, {**TOLD, "type": "session_weather.changed"}) == [200]

    events.work_off()

    assert WebhookEvent.objects.get().outcome == "unknown_type"
    assert "unknown here: session_weather.changed" in caplog.text
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "recording_id", ["../etc/passwd", "rec_../x", "rec_a/b", "rec_" + "x" * 65, "", None, "rec_%00"]
)
def test_a_strange_recording_id_makes_no_call_and_no_row(recording_id, client, vendor, audio_dir):
    assert deliver(client, {**TOLD, "type": "recording.ready", "data": {"id": recording_id}}) == [
        200
    ]

    events.work_off()

    assert WebhookEvent.objects.get().outcome == "nothing_named"
    assert vendor.requests.count() == 0
    assert not Session.objects.exists()
    assert not audio_dir.exists()


def test_a_database_that_takes_nothing_is_503_and_never_200(client, monkeypatch):
    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(WebhookEvent.objects, "bulk_create", locked, raising=False)
    monkeypatch.setattr("recordings.services.events.WebhookEvent.objects.bulk_create", locked)
    answer = post(client)

    assert answer.status_code == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 20


def test_a_queue_that_is_away_loses_nothing(client, monkeypatch, vendor, caplog):
    monkeypatch.undo()
    monkeypatch.setattr("recordings.views.webhooks.time.time", lambda: NOW)

    def away(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.work_off_events, "schedule", away)

    assert post(client).status_code == 200
    assert "queue cannot be reached" in caplog.text
    assert events.work_off() == 1


def test_facts_come_from_the_api_and_never_from_the_event(client, vendor):
    false = {"id": CALL, "object": "session", "status": "active", "duration": 1e9}
    deliver(client, {**TOLD, "data": false})

    events.work_off()
    refreshing.refresh_due()

    session = Session.objects.get()
    assert (session.kallglot_id, session.status) == (CALL, "ended")
    assert session.recordings.count() == 3


@pytest.mark.parametrize("shuffle", [None, 1, 2])
def test_the_order_of_events_does_not_matter(shuffle, client, vendor):
    told = events_of(vendor.call(CALL))
    if shuffle:
        told = told[shuffle:] + told[:shuffle]
    deliver(client, *told)

    events.work_off()
    refreshing.refresh_due()

    assert Session.objects.get().recordings.count() == 3
    assert vendor.requests.count(f"/sessions/{CALL}") == 2  # the session, and its list: once


def test_events_wait_in_the_order_of_what_they_tell_of(client):
    late = {**TOLD, "id": "evt_late", "created_at": "2026-03-26T12:00:00Z"}
    early = {**TOLD, "id": "evt_early", "created_at": "2026-03-26T11:00:00Z"}
    deliver(client, late, early)

    waiting = WebhookEvent.objects.waiting().values_list("event_id", flat=True)
    assert list(waiting) == ["evt_early", "evt_late"]


def test_a_storm_of_events_is_worked_off_in_a_few_statements(
    client, vendor, django_assert_num_queries, django_assert_max_num_queries
):
    def storm(first, count):
        for number in range(first, first + count):
            kind = ("session.ended", "transcript.completed", "recording.ready")[number % 3]
            named = {"recording_id": "rec_known_agent"} if number % 3 == 2 else {"id": CALL}
            deliver(client, event(kind, named, event_id=f"evt_{number}"))

    sync.refresh(CALL)
    events.work_off()  # makes the row of the lease
    storm(0, 3)
    with django_assert_max_num_queries(20) as queries:
        assert events.work_off() == 3
    few = len(queries)
    storm(3, 60)
    with django_assert_num_queries(few):
        assert events.work_off() == 60

    assert not WebhookEvent.objects.waiting().exists()
    assert Session.objects.get().next_refresh_at <= timezone.now()


def test_what_is_said_while_a_call_goes_on_asks_nothing(client, vendor):
    sync.refresh(CALL)
    vendor.requests.clear()

    for number in range(8):
        named = {"session_id": CALL, "text": f"Sentence {number}."}
        deliver(client, event("transcript.segment", named, event_id=f"evt_{number}"))
        events.work_off()
        refreshing.refresh_due()
        transcript_round.fetch_due()
    named = {"recording_id": "rec_nowhere"}
    deliver(client, event("transcript.segment", named, event_id="evt_nowhere"))
    events.work_off()

    assert vendor.requests.count() == 1  # the call's transcript, once
    assert set(WebhookEvent.objects.values_list("outcome", flat=True)) == {"live"}


def test_an_event_that_comes_while_its_call_is_asked_about_is_not_lost(client, vendor, monkeypatch):
    deliver(client, event("session.started", {"id": CALL}))
    events.work_off()
    store = sync._store

    def store_a_moment_later(*answers):
        """The answer on its way is older than the event."""
        deliver(client, event("session.ended", {"id": CALL}))
        events.work_off()
        return store(*answers)

    monkeypatch.setattr(sync, "_store", store_a_moment_later)
    sync.refresh(CALL, background=True)

    assert Session.objects.get().next_refresh_at <= timezone.now()
    monkeypatch.setattr(sync, "_store", store)
    refreshing.refresh_due()
    assert Session.objects.get().next_refresh_at is None


def test_old_events_are_forgotten_once_they_were_handled(client):
    deliver(client, TOLD, {**TOLD, "id": "evt_2"}, {**TOLD, "id": "evt_3"})
    old = {"received_at": "2026-01-01T00:00:00Z"}
    WebhookEvent.objects.filter(event_id="evt_1").update(**old, handled_at="2026-01-01T00:00:00Z")
    WebhookEvent.objects.filter(event_id="evt_2").update(**old)

    assert events.forget_old() == 1
    assert set(WebhookEvent.objects.values_list("event_id", flat=True)) == {"evt_2", "evt_3"}
