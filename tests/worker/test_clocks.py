"""What the gate to Kallglot makes of times that were told or noted by other clocks."""

import math
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import Lease, Session, VendorState
from recordings.services import gate as gate_service
from recordings.services import sync, vendor
from tests.conftest import CALL


@pytest.mark.parametrize("window_s", [-5, 86_400])
def test_a_window_that_is_over_or_of_days_keeps_nobody_waiting(window_s, db):
    gate = vendor.DatabaseGate()
    told = {"Limit": "20", "Remaining": "0", "Reset": str(int(time.time()) + window_s)}
    gate.before_call()
    gate.after_answer({f"X-RateLimit-{name}": value for name, value in told.items()})
    gate.after_call(None)

    vendor.DatabaseGate(background=True).before_call()


@pytest.mark.parametrize("ahead_s", [-600, 600])
def test_the_window_ends_when_it_does_at_kallglot_whose_clock_may_differ(ahead_s, db):
    """Of clocks ten minutes apart, one would have it over already, the other wait too long."""
    there = time.time() + ahead_s
    told = {"Limit": "20", "Remaining": "0", "Reset": str(int(there) + 40)}
    gate, another = (vendor.DatabaseGate(background=True) for _ in range(2))
    gate.before_call()
    gate.after_answer(
        {f"X-RateLimit-{name}": value for name, value in told.items()}
        | {"Date": format_datetime(datetime.fromtimestamp(there, UTC), usegmt=True)}
    )
    gate.after_call(None)

    for process in (gate, another):
        with pytest.raises(errors.Paused) as paused:
            process.before_call()
        assert 10 < paused.value.retry_after <= 42


@pytest.mark.parametrize("name", ["kept_for_people_until", "paused_until"])
def test_a_time_noted_by_a_clock_that_was_wrong_keeps_nobody_waiting(name, db):
    """Ours was days ahead and has been put right since."""
    later = timezone.now() + timedelta(days=2)
    VendorState.objects.create(cause="vendor_rate_limit", **{name: later})

    gate = vendor.DatabaseGate(background=True)
    gate.before_call()
    gate.after_call(None)

    assert VendorState.load().cause == ""


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Nov 2026 00:00:00 GMT", "0" * 5000])
def test_a_strange_date_is_as_good_as_none(date, db):
    gate = vendor.DatabaseGate(background=True)
    told = {"Limit": "20", "Remaining": "0", "Reset": str(int(time.time()) + 40)}
    gate.after_answer({f"X-RateLimit-{name}": v for name, v in told.items()} | {"Date": date})

    with pytest.raises(errors.Paused):
        gate.before_call()


@pytest.mark.parametrize("ahead_s", [-600, 600])
def test_clocks_ten_minutes_apart_are_one_line_an_hour(ahead_s, db, caplog, monkeypatch):
    monkeypatch.setattr(gate_service, "_last_warning_of_clocks", -math.inf)
    there = datetime.now(UTC) + timedelta(seconds=ahead_s)
    for _ in range(3):
        gate_service.DatabaseGate().after_answer({"Date": format_datetime(there, usegmt=True)})
    near = datetime.now(UTC) + timedelta(seconds=5)
    gate_service.DatabaseGate().after_answer({"Date": format_datetime(near, usegmt=True)})

    lines = [record.getMessage() for record in caplog.records if "clocks" in record.getMessage()]
    assert len(lines) == 1
    assert ("ahead" if ahead_s > 0 else "behind") in lines[0]


def test_a_lease_noted_by_a_clock_that_was_wrong_is_taken_over(db):
    tomorrow = timezone.now() + timedelta(days=1)
    Lease.objects.create(name="importing", holder="else:1:x", held_until=tomorrow)

    assert Lease.take("importing") is not None


def test_a_call_refreshed_by_a_clock_that_was_wrong_is_refreshed_again(vendor, db):
    session = sync.open_call(CALL)
    Session.objects.update(refresh_begun_at=timezone.now() + timedelta(days=1))
    session.refresh_from_db()
    vendor.requests.clear()

    sync.refresh_if_due(session)
    sync.refresh_if_due(session)

    assert vendor.requests.count(f"/sessions/{CALL}/recordings") == 1
