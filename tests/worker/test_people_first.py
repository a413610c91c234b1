"""Background work leaves the larger half of Kallglot's rate limit to people who click."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import Session, Transcript, VendorState, WorkerState
from recordings.services import gate, sync
from recordings.services import vendor as vendor_service
from tests.conftest import CALL
from tests.factories import make_recording, make_session, outdate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_clients")]


def ask(background: bool) -> None:
    vendor_service.client(background=background).recordings(CALL)


def asked_until_paused(most: int = 100) -> int:
    for number in range(most):
        try:
            ask(background=True)
        except errors.Paused:
            return number
    return most


def test_background_work_stops_at_its_share_and_people_go_on(vendor):
    vendor.options.update({"rate_limit": 20})

    assert asked_until_paused() == 10

    for _ in range(9):
        ask(background=False)
    assert 429 not in {request.status for request in vendor.requests}


def test_background_work_yields_to_what_people_have_used(vendor):
    vendor.options.update({"rate_limit": 20})
    for _ in range(9):
        ask(background=False)

    assert asked_until_paused() in (1, 2)


def test_the_wait_it_is_told_ends_when_kallglot_said(vendor):
    vendor.options.update({"rate_limit": 20})
    asked_until_paused()

    with pytest.raises(errors.Paused) as paused:
        ask(background=True)

    assert 1 < paused.value.retry_after <= 61


def test_without_a_word_on_limits_the_smallest_plan_is_assumed(vendor, monkeypatch):
    monkeypatch.setattr(gate.DatabaseGate, "after_answer", lambda self, headers: None)

    assert asked_until_paused() == 30


def test_its_pace_holds_although_kallglot_would_allow_more(vendor, monkeypatch):
    """A limit is spent over the minute, not in its first seconds each time."""
    vendor.options.update({"rate_limit": 40})
    now = time.time()
    assert asked_until_paused() == 20

    monkeypatch.setattr(gate.time, "time", lambda: now + 65)
    assert asked_until_paused() > 0


def in_another_process() -> None:
    """From here on this one knows what the database tells."""
    vendor_service.client(background=True).close()
    vendor_service._client.cache_clear()
    vendor_service._gate.cache_clear()


@pytest.mark.parametrize("used", [16, 20])
def test_what_one_process_has_nearly_used_up_another_leaves_to_people(used, vendor):
    vendor.options.update({"rate_limit": 20})
    for _ in range(used):
        ask(background=False)
    in_another_process()
    vendor.requests.clear()

    with pytest.raises(errors.Paused) as paused:
        ask(background=True)

    assert 1 < paused.value.retry_after <= 61
    assert isinstance(paused.value.cause, errors.RateLimited)
    assert vendor.requests.count() == 0
    if used < 20:
        # People go on meanwhile.
        ask(background=False)


def test_what_was_used_up_is_left_to_people_until_kallglot_gives_more(vendor, monkeypatch):
    vendor.options.update({"rate_limit": 20})
    for _ in range(20):
        ask(background=False)
    in_another_process()
    vendor.options.update({"rate_limit": 0})
    now = time.time()
    monkeypatch.setattr(gate.time, "time", lambda: now + 65)

    ask(background=True)


def test_while_there_is_enough_the_database_is_told_nothing(vendor, django_assert_num_queries):
    vendor.options.update({"rate_limit": 20})
    ask(background=False)

    with django_assert_num_queries(10):
        for _ in range(10):
            ask(background=False)

    assert VendorState.load().kept_for_people_until is None


def test_of_one_window_it_is_told_once_by_all_processes_together(db):
    resets_at = int(time.time()) + 40
    gates = [gate.DatabaseGate() for _ in range(3)]

    with CaptureQueriesContext(connection) as queries:
        for remaining in range(10, -1, -1):
            for each in gates:
                each.before_call()
                each.after_answer(
                    {
                        "X-RateLimit-Limit": "20",
                        "X-RateLimit-Remaining": str(remaining),
                        "X-RateLimit-Reset": str(resets_at),
                    }
                )
                each.after_call(None)

    written = [query["sql"] for query in queries if not query["sql"].startswith("SELECT")]
    assert len([sql for sql in written if "recordings_vendorstate" in sql]) == 1
    assert VendorState.load().kept_for_people_until.timestamp() == resets_at


def test_pages_can_tell_what_the_limit_allows(vendor):
    assert gate.background_calls_a_minute() == 30

    vendor.options.update({"rate_limit": 300})
    ask(background=True)
    vendor_service.remember_limit()

    assert VendorState.load().rate_limit == 300
    assert gate.background_calls_a_minute() == 150


def test_a_call_that_was_not_asked_about_is_not_stale(call, vendor):
    vendor.options.update({"rate_limit": 20})
    asked_until_paused()

    with pytest.raises(errors.Paused):
        sync.refresh(CALL, background=True)

    assert Session.objects.get().stale_since is None


def look_at_calls_in_progress(client, number: int) -> None:
    """As a page in a browser does for every row of a call that is not over."""
    for n in range(number):
        session = make_session(f"sess_live{n}", status="active", ended_at=None)
        outdate(session, seconds=6)
        assert client.get(f"/sessions/{session}/line?look=1").status_code == 200


def test_rows_that_look_again_read_what_the_worker_found(clients, vendor, long_running):
    WorkerState.beat()

    look_at_calls_in_progress(clients["reviewer"], 40)

    assert vendor.requests.count() == 0


def test_without_a_worker_rows_that_look_again_are_background_work(clients, vendor, long_running):
    vendor.options.update({"rate_limit": 20})

    look_at_calls_in_progress(clients["reviewer"], 40)

    assert vendor.requests.count() == 10
    ask(background=False)


PARTS_THAT_LOOK_AGAIN = (
    ("row", "/recordings/rec_live{n}_mixed/row?look=1"),
    ("recordings", "/sessions/sess_live{n}/recordings?look=1"),
    ("listening", "/sessions/sess_live{n}/?look=1"),
    ("measurements", "/sessions/sess_live{n}/"),
    ("transcript", "/sessions/sess_live{n}/transcript?look=1"),
)


def look_at_a_part(client, target: str, address: str, number: int) -> None:
    """As a page in a browser does for each of so many calls, of which all is due."""
    for n in range(number):
        session = make_session(f"sess_live{n}")
        recording = make_recording(session, f"rec_live{n}_mixed", status="processing")
        Transcript.objects.create(session=recording.session, next_fetch_at=timezone.now())
        outdate(session, seconds=6)
        headers = {"HX-Request": "true", "HX-Target": target}
        assert client.get(address.format(n=n), headers=headers).status_code == 200


@pytest.mark.parametrize(("target", "address"), PARTS_THAT_LOOK_AGAIN)
def test_a_part_of_a_page_that_looks_again_reads_what_the_worker_found(
    target, address, clients, vendor, long_running
):
    WorkerState.beat()

    look_at_a_part(clients["reviewer"], target, address, 3)

    assert vendor.requests.count() == 0


@pytest.mark.parametrize(("target", "address"), PARTS_THAT_LOOK_AGAIN)
def test_without_a_worker_a_part_that_looks_again_is_background_work(
    target, address, clients, vendor, long_running
):
    vendor.options.update({"rate_limit": 20})

    look_at_a_part(clients["reviewer"], target, address, 15)

    assert vendor.requests.count() == 10
    ask(background=False)


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("recordings", "/sessions/sess_live0/recordings?channel=agent"),
        ("", "/sessions/sess_live0/"),
        ("transcript", "/sessions/sess_live0/transcript?look=0"),
    ],
)
def test_what_somebody_clicked_asks_although_there_is_a_worker(
    target, address, clients, vendor, long_running
):
    WorkerState.beat()

    look_at_a_part(clients["reviewer"], target, address, 1)

    assert vendor.requests.count() > 0
