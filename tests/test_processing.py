"""Rows and calls that are not finished yet look again by themselves, ever more seldom."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import Session
from recordings.services import sync
from recordings.simulator import make_call, noise
from tests.conftest import CALL
from tests.factories import make_recording, make_session, outdate

HTMX = {"HX-Request": "true"}
ROOM = f"/sessions/{CALL}/"
TABLE = f"/sessions/{CALL}/recordings"
ROW = "/recordings/rec_known_mixed/row"


@pytest.fixture
def processing(vendor):
    vendor.add_call(make_call(CALL, {"mixed": noise(10_000)}, ready_after=20))
    return sync.open_call(CALL)


def test_a_processing_row_asks_for_itself_ever_more_seldom(clients, processing):
    assert 'hx-trigger="load delay:5s"' in clients["reviewer"].get(ROOM).text

    for look, delay in [(1, 10), (2, 15), (3, 30), (4, 60), (5, 120), (6, 300), (99, 300)]:
        row = clients["reviewer"].get(f"{ROW}?look={look}", headers=HTMX)
        assert f'hx-get="{ROW}?look={look + 1}"' in row.text
        assert f'hx-trigger="load delay:{delay}s"' in row.text


def test_a_row_that_was_looked_at_for_days_stays_with_the_longest_wait(clients, processing):
    row = clients["reviewer"].get(f"{ROW}?look=999", headers=HTMX)

    assert f'hx-get="{ROW}?look=999" hx-trigger="load delay:300s"' in row.text


@pytest.mark.parametrize("look", ["", "-1", "abc", "99999999", "1.5", "%00", "²"])
def test_a_look_that_is_no_number_starts_from_the_beginning(look, clients, processing):
    assert "look=1" in clients["reviewer"].get(f"{ROW}?look={look}", headers=HTMX).text


def test_a_row_becomes_ready_and_stops_asking(clients, processing, vendor):
    vendor.advance(21)
    sync.refresh(CALL, background=True)

    row = clients["reviewer"].get(f"{ROW}?look=2", headers=HTMX)

    assert row.status_code == 200
    assert ">Ready</span>" in row.text
    assert "<audio" in row.text
    assert "hx-get" not in row.text


def test_looking_again_costs_at_most_one_vendor_call_in_five_seconds(
    clients, processing, vendor, long_running
):
    vendor.requests.clear()

    for look in range(5):
        clients["reviewer"].get(f"{ROW}?look={look}", headers=HTMX)

    assert vendor.requests.count() == 0


WATCHED = pytest.mark.parametrize(
    ("target", "address"), [("this", ROW), ("recordings", TABLE), ("listening", ROOM)]
)


def is_due() -> bool:
    return Session.objects.get().next_refresh_at <= timezone.now()


@WATCHED
def test_what_somebody_watches_is_the_workers_next_call(clients, processing, target, address):
    """Its own pace is made for calls that nobody looks at."""
    headers = HTMX | {"HX-Target": target}
    outdate(processing, seconds=6)
    Session.objects.update(next_refresh_at=timezone.now() + timedelta(minutes=10))

    watched = clients["reviewer"].get(f"{address}?look=3", headers=headers).text

    assert is_due()
    # Every part of the page that looks meanwhile comes back for what the worker finds out.
    for part in (watched, clients["reviewer"].get(f"{ROW}?look=3", headers=HTMX).text):
        assert 'look=3" hx-trigger="load delay:3s"' in part
    sync.refresh(CALL, background=True)
    assert not is_due()
    watched = clients["reviewer"].get(f"{address}?look=3", headers=headers).text
    assert 'look=4" hx-trigger="load delay:30s"' in watched
    assert not is_due()


@WATCHED
def test_nobody_comes_back_for_a_worker_that_is_busy(clients, processing, target, address):
    Session.objects.update(next_refresh_at=timezone.now() - timedelta(seconds=6))

    part = clients["reviewer"].get(f"{address}?look=3", headers=HTMX | {"HX-Target": target})

    assert 'look=4" hx-trigger="load delay:30s"' in part.text


@pytest.mark.parametrize("known", ["given up", "failing"])
def test_watching_does_not_hurry_what_the_worker_has_given_up_or_fails_at(
    clients, processing, known
):
    outdate(processing, seconds=6)
    later = timezone.now() + timedelta(minutes=10) if known == "failing" else None
    stale = timezone.now() if known == "failing" else None
    Session.objects.update(next_refresh_at=later, stale_since=stale)

    row = clients["reviewer"].get(f"{ROW}?look=3", headers=HTMX)

    assert 'hx-trigger="load delay:30s"' in row.text
    assert Session.objects.get().next_refresh_at == later


def test_a_row_in_trouble_stays_and_looks_again(clients, processing, vendor, long_running):
    vendor.faults.add("status", status=503)
    outdate(processing, seconds=6)

    row = clients["reviewer"].get(f"{ROW}?look=1", headers=HTMX)

    assert row.status_code == 200
    assert 'hx-trigger="load delay:10s"' in row.text


def test_a_running_call_looks_again_and_keeps_the_chosen_channel(clients, db):
    session = make_session(CALL, status="active", ended_at=None)
    make_recording(session, channel="agent")

    page = clients["reviewer"].get(f"{TABLE}?channel=agent&look=1").text

    assert f'hx-get="{TABLE}?look=2&amp;channel=agent"' in page
    assert 'hx-trigger="load delay:10s"' in page
