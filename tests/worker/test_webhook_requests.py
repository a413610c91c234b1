"""How many requests the webhooks of one call cost."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import Recording, Session, WebhookEvent
from recordings.services import events, refreshing, sync, transcript_round
from tests.conftest import CALL

pytestmark = pytest.mark.django_db

NAMED = {"session_id": CALL}
RECORDINGS = [
    ("recording.ready", {"id": f"rec_known_{channel}", **NAMED})
    for channel in ("mixed", "agent", "customer")
]
DURING = [
    ("session.created", {"id": CALL}),
    ("session.started", {"id": CALL}),
    ("session.provider.connected", NAMED),
    ("transcript.segment", {**NAMED, "text": "Hello."}),
    ("session.provider.disconnected", NAMED),
]
AFTER = [
    ("session.ended", {"id": CALL}),
    *RECORDINGS,
    ("transcript.ready", NAMED),
    ("analysis.complete", NAMED),
]


@pytest.fixture(autouse=True)
def prompt(foreground):
    """Rounds run as if a user waited: nothing is held back."""


def receive(kind: str, data: dict) -> None:
    """One webhook, and the rounds that it begins."""
    number = WebhookEvent.objects.count()
    body = json.dumps({"id": f"evt_{number}", "type": kind, "data": data})
    events.store(body.encode(), {})
    events.work_off()
    refreshing.refresh_due()
    transcript_round.fetch_due()


def test_the_webhooks_of_one_call_cost_few_requests(vendor):
    ended = vendor.call(CALL)
    vendor.add_call(replace(ended, status="active", ended_at=None, recordings=()))
    for kind, data in DURING:
        receive(kind, data)
    assert vendor.requests.count() == 1, "a call in progress: its facts, once"

    vendor.add_call(ended)
    for kind, data in AFTER:
        receive(kind, data)

    # Facts and list once more after the end; the transcript then, and again when it is ready.
    assert vendor.requests.count() <= 5
    assert Recording.objects.filter(status="ready").count() == 3
    assert not WebhookEvent.objects.filter(handled_at=None).exists()


@pytest.mark.parametrize(("kind", "data"), [*DURING[:3], AFTER[0], AFTER[1], *AFTER[-2:]])
def test_any_event_makes_an_unknown_call_known(kind, data, vendor):
    receive(kind, data)

    assert Recording.objects.filter(status="ready").count() == 3


def test_a_recording_that_is_made_again_later_is_looked_at(vendor):
    sync.refresh(CALL)
    Recording.objects.update(refreshed_at=timezone.now() - timedelta(minutes=5))
    vendor.requests.clear()

    receive(*RECORDINGS[0])

    assert vendor.requests.count(f"/sessions/{CALL}/recordings") == 1


def test_a_recording_that_was_still_processing_is_looked_at(vendor):
    sync.refresh(CALL)
    Recording.objects.filter(channel="agent").update(status="processing")
    vendor.requests.clear()

    receive(*RECORDINGS[1])

    assert vendor.requests.count(f"/sessions/{CALL}/recordings") == 1
    assert Session.objects.get().recordings.filter(status="ready").count() == 3
