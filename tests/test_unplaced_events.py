"""Events that name nothing but a recording unknown here: Kallglot is asked, ever more seldom."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recordings.models import Session, WebhookEvent
from recordings.services import events
from recordings.simulator import make_call, noise
from tests.conftest import CALL

pytestmark = pytest.mark.django_db


def tell(recording_id: str, **age) -> None:
    """Let an event that names only this recording have come so long ago."""
    then = timezone.now() - timedelta(**age)
    WebhookEvent.objects.create(
        event_id=f"evt_{recording_id}",
        type="recording.ready",
        recording_ref=recording_id,
        happened_at=then,
        received_at=then,
    )


def wait_is_over() -> None:
    WebhookEvent.objects.update(next_at=timezone.now())


def unhandled() -> list[str]:
    events_left = WebhookEvent.objects.filter(handled_at=None).order_by("pk")
    return list(events_left.values_list("recording_ref", flat=True))


def test_an_event_that_names_only_a_recording_finds_its_call(vendor):
    tell("rec_known_agent")

    assert events.work_off() == 1

    assert Session.objects.get().kallglot_id == CALL


def test_a_recording_not_known_yet_is_asked_about_again(vendor):
    tell("rec_early_mixed")
    assert events.work_off() == 0
    assert unhandled() == ["rec_early_mixed"]

    vendor.add_call(make_call("sess_early", {"mixed": noise(4000)}))
    wait_is_over()

    assert events.work_off() == 1
    assert Session.objects.get().kallglot_id == "sess_early"


def test_one_that_nobody_knows_is_given_up(vendor):
    tell("rec_nowhere", minutes=11)

    assert events.work_off() == 1
    assert WebhookEvent.objects.get().outcome == "nothing_named"
    assert not Session.objects.exists()


def test_rounds_in_between_ask_nothing(vendor):
    tell("rec_nowhere")

    for _ in range(20):
        events.work_off()

    assert vendor.requests.count() == 1


@pytest.mark.parametrize(
    ("age", "wait_s"),
    [
        ({"seconds": 1}, 15),
        ({"seconds": 40}, 40),
        ({"minutes": 3}, 180),
        ({"minutes": 9}, 300),
        ({"hours": 23}, 300),
    ],
    ids=str,
)
def test_the_wait_doubles_up_to_five_minutes(age, wait_s, vendor):
    vendor.faults.add("status", "/recordings/rec_stuck", status=500)
    tell("rec_stuck", **age)

    events.work_off()

    wait = WebhookEvent.objects.get().next_at - timezone.now()
    assert wait.total_seconds() == pytest.approx(wait_s, rel=0.25, abs=4)


def test_one_that_cannot_be_placed_lets_others_pass(vendor):
    vendor.faults.add("status", "/recordings/rec_stuck", status=500)
    tell("rec_stuck", minutes=1)
    tell("rec_known_agent")

    events.work_off()

    assert Session.objects.get().kallglot_id == CALL
    assert unhandled() == ["rec_stuck"]
    WebhookEvent.objects.update(received_at="2026-01-01T00:00:00Z", next_at=None)
    events.work_off()
    assert unhandled() == []


@pytest.mark.parametrize("status", [401, 402, 429])
def test_while_kallglot_cannot_be_asked_none_is_given_up(status, vendor):
    vendor.faults.add("status", status=status, retry_after=30)
    tell("rec_known_agent", days=2)
    tell("rec_known_mixed", days=2)

    assert events.work_off() == 0
    assert events.work_off() == 0

    assert vendor.requests.count() == 1
    assert unhandled() == ["rec_known_agent", "rec_known_mixed"]


def test_what_is_waiting_is_found_by_its_index(vendor):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Of an empty table a plan says nothing else.
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "waiting_events" in WebhookEvent.objects.waiting().explain()
