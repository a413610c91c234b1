"""When a call is looked at again, after what Kallglot told of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from recordings.models import Session
from recordings.services import sync
from recordings.simulator import make_call, noise
from tests.conftest import CALL

pytestmark = pytest.mark.django_db

ONE_BY_ONE = (5, 15, 30, 60, 120, 300, 600, 900, 900, 900)


def ago(**age):
    return datetime.now(UTC) - timedelta(**age)


def wait_s() -> float | None:
    """Seconds from now until the worker looks again."""
    due = Session.objects.get().next_refresh_at
    return None if due is None else (due - timezone.now()).total_seconds()


def waits(looks: int) -> list[float | None]:
    """The waits after each of so many looks, one after the other."""
    told = []
    for _ in range(looks):
        sync.refresh(CALL)
        told.append(wait_s())
    return told


def in_progress(**age):
    begun = ago(**age)
    return replace(
        make_call(CALL), created_at=begun, started_at=begun, ended_at=None, status="active"
    )


def test_an_empty_call_is_looked_at_like_one_whose_recordings_are_processing(vendor):
    vendor.add_call(make_call(CALL, ended_at=ago(minutes=11)))
    assert waits(10) == pytest.approx(list(ONE_BY_ONE), abs=4)

    vendor.add_call(make_call(CALL, {"mixed": noise(500)}, ended_at=ago(minutes=11)))
    assert waits(1) == [None]
    assert Session.objects.get().recordings.count() == 1


def test_a_processing_call_is_looked_at_every_quarter_of_an_hour_at_first(vendor):
    vendor.add_call(make_call(CALL, {"mixed": noise(500)}, ready_after=86_400))

    assert waits(10) == pytest.approx(list(ONE_BY_ONE), abs=4)


@pytest.mark.parametrize(
    ("hours", "wait"), [(3.9, 900), (4.1, 3600), (23.9, 3600), (24.1, None)], ids=str
)
def test_hours_later_it_is_looked_at_hourly_and_after_a_day_no_more(hours, wait, vendor):
    vendor.add_call(make_call(CALL, ended_at=ago(hours=hours)))
    sync.refresh(CALL)
    Session.objects.update(refresh_attempts=20)

    (told,) = waits(1)

    assert told == (wait and pytest.approx(wait, abs=4))


def test_a_call_that_was_never_recorded_is_not_looked_at_again(vendor):
    vendor.add_call(make_call(CALL, recording_enabled=False))

    assert waits(1) == [None]


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        ({"hours": 23}, 600),
        ({"hours": 25}, 3600),
        ({"days": 6, "hours": 23}, 3600),
        ({"days": 7, "hours": 1}, None),
    ],
    ids=str,
)
def test_a_call_in_progress_is_looked_at_ever_more_seldom(age, wait, vendor):
    vendor.add_call(in_progress(**age))

    (told,) = waits(1)

    assert told == (wait and pytest.approx(wait, abs=4))


def test_a_call_found_to_be_over_is_looked_at_as_one_that_was_told_of(vendor):
    vendor.add_call(in_progress(hours=1))
    waits(6)

    vendor.add_call(make_call(CALL, {"mixed": noise(500)}, ready_after=600))

    assert waits(2) == pytest.approx([5, 15], abs=4)


def with_statuses(*statuses):
    """A call that ended a minute ago, with a recording of each status."""
    audio = {channel: noise(500) for channel in ("mixed", "agent", "customer")[: len(statuses)]}
    call = make_call(CALL, audio, ended_at=ago(minutes=1))
    told = zip(call.recordings, statuses, strict=True)
    return replace(call, recordings=tuple(replace(one, status=status) for one, status in told))


@pytest.mark.parametrize(
    ("statuses", "wait"),
    [
        (("ready", "failed"), None),
        (("failed", "failed"), None),
        (("ready", "processing"), 5),
        (("failed", "processing"), 5),
        (("ready", "failed", "processing"), 5),
        (("ready", "klingon"), 5),
    ],
    ids=str,
)
def test_a_recording_that_failed_is_waited_for_no_more(statuses, wait, vendor):
    vendor.add_call(with_statuses(*statuses))

    (told,) = waits(1)

    assert told == (wait and pytest.approx(wait, abs=4))
    assert sync.is_pending(Session.objects.get()) is ("processing" in statuses)


def test_a_recording_that_is_listed_no_more_is_not_waited_for(vendor):
    both = with_statuses("ready", "ready")
    vendor.add_call(both)
    waits(1)

    vendor.add_call(replace(both, recordings=both.recordings[:1]))

    assert waits(1) == [None]
    assert Session.objects.get().recordings.count() == 2
