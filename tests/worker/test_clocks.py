"""What the gate to Kallglot makes of times that were told or noted by other clocks."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import VendorState
from recordings.services import vendor


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
