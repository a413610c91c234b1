"""Rows and calls that are not finished yet look again by themselves, ever more seldom."""

import pytest

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
