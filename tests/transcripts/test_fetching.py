"""When Kallglot is asked for a transcript, and what is kept of its answer."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import ItemAttempt, Session, Transcript, Turn, VendorState, WebhookEvent
from recordings.services import events, sync, transcript_round, transcripts
from recordings.simulator.calls import Turn as Told
from tests.conftest import CALL
from tests.factories import make_session

from .conftest import TURNS


def kept():
    return list(Turn.objects.order_by("position").values_list("speaker", "start", "end"))


def in_minutes(**delta):
    """Time passes for the transcript, as far as the database knows."""
    due = Transcript.objects.get().next_fetch_at - timedelta(**delta)
    Transcript.objects.update(next_fetch_at=due)


def asked(vendor):
    return vendor.requests.count("/transcript")


def test_the_newer_generation_is_kept_with_approximate_offsets(told, vendor):
    vendor.options.generation = "newer"
    session = told()

    transcripts.fetch(session)

    transcript = Transcript.objects.get()
    assert transcript.complete
    assert transcript.approximate
    assert transcript.languages == ["en", "de"]
    assert kept() == [("agent", 0.0, 4.0), ("customer", 4.0, 8.0), ("agent", 8.0, 10.0)]
    second = Turn.objects.get(position=2)
    assert (second.language, second.text) == ("de", "Mein Paket fehlt.")
    assert (second.translation_language, second.translation) == ("en", "My parcel is missing.")


def test_the_older_generation_keeps_its_own_offsets(told, vendor):
    vendor.options.generation = "older"
    session = told()

    transcripts.fetch(session)

    transcript = Transcript.objects.get()
    assert transcript.complete
    assert not transcript.approximate
    assert kept() == [("agent", 0.4, 2.1), ("customer", 4.6, 6.9), ("agent", 8.2, 9.0)]
    assert Turn.objects.get(position=2).translation == "My parcel is missing."


def test_fetching_twice_changes_nothing(told):
    session = told()
    transcripts.fetch(session)
    before = list(Turn.objects.values())

    transcripts.fetch(session)

    assert list(Turn.objects.values()) == before


def test_a_corrected_transcript_replaces_the_turns(told):
    transcripts.fetch(told())
    session = told(TURNS[1:2])

    transcripts.fetch(session)

    assert [turn.text for turn in Turn.objects.all()] == ["Mein Paket fehlt."]


def test_a_word_of_the_vendor_longer_than_its_column_loses_no_turn(told):
    session = told((Told("s" * 64, "l" * 64, "text", "translation", "t" * 64, 0, 1),))

    transcripts.fetch(session)

    turn = Turn.objects.get()
    assert (len(turn.speaker), len(turn.language), turn.text) == (40, 40, "text")


def test_an_ended_call_is_due_and_a_round_fetches_it_once(told, vendor):
    told()
    assert asked(vendor) == 0

    transcript_round.fetch_due()
    transcript_round.fetch_due()
    sync.refresh(CALL)
    transcript_round.fetch_due()

    assert Turn.objects.count() == 3
    assert asked(vendor) == 1


def test_a_call_in_progress_is_not_due(vendor, db):
    make_session(CALL, status="active", ended_at=None)

    transcript_round.fetch_due()

    assert asked(vendor) == 0


def test_without_a_transcript_it_is_asked_ever_more_seldom_and_then_not(told, vendor):
    told(turns=())
    waits = []
    for _ in range(6):
        transcript_round.fetch_due()
        next_fetch_at = Transcript.objects.get().next_fetch_at
        waits.append((next_fetch_at - timezone.now()).total_seconds())
        in_minutes(seconds=waits[-1] + 1)

    assert waits == pytest.approx([15, 60, 300, 1800, 3600, 3600], abs=5)
    Session.objects.update(ended_at=timezone.now() - timedelta(hours=25))
    transcript_round.fetch_due()
    transcript_round.fetch_due()
    assert asked(vendor) == 7
    assert Transcript.objects.get().next_fetch_at is None


def test_an_old_call_without_a_transcript_is_asked_once(told, vendor):
    told(turns=(), ended_ago=timedelta(days=3))

    transcript_round.fetch_due()
    sync.refresh(CALL)
    transcript_round.fetch_due()

    assert asked(vendor) == 1
    assert Transcript.objects.get().next_fetch_at is None


def test_a_transcript_made_later_is_found(told, vendor):
    told(turns=())
    transcript_round.fetch_due()

    told()
    in_minutes(seconds=16)
    transcript_round.fetch_due()

    assert Turn.objects.count() == 3
    assert Transcript.objects.get().next_fetch_at is None


def test_kallglots_webhook_makes_it_due_at_once(told, vendor):
    told(turns=())
    transcript_round.fetch_due()
    told()
    WebhookEvent.objects.create(
        event_id="evt_1", type="transcript.ready", session_ref=CALL, happened_at=timezone.now()
    )

    events.work_off()
    transcript_round.fetch_due()

    assert Turn.objects.count() == 3


@pytest.mark.parametrize("status", [401, 402, 429, 503])
def test_when_kallglot_cannot_be_asked_the_transcript_stays_due(status, told, vendor):
    session = told()
    fault = vendor.faults.add("status", "/transcript", status=status, retry_after=7)

    with pytest.raises(errors.KallglotError):
        transcripts.fetch_if_due(session)

    vendor.faults.remove(fault)
    assert timezone.now() < Transcript.objects.get().next_fetch_at
    assert Transcript.objects.get().next_fetch_at < timezone.now() + timedelta(minutes=1)


def test_an_answer_that_stays_useless_is_given_up_for_an_old_call(told, vendor):
    told(ended_ago=timedelta(days=3))
    vendor.faults.add("invalid_json", "/transcript")

    for _ in range(12):
        Transcript.objects.exclude(next_fetch_at=None).update(next_fetch_at=timezone.now())
        transcript_round.fetch_due()

    assert asked(vendor) == 8
    assert Transcript.objects.get().next_fetch_at is None


@pytest.mark.parametrize(
    "fault",
    [("hang_up", {}), *(("status", {"status": status}) for status in (401, 402, 429))],
    ids=("hang_up", "401", "402", "429"),
)
def test_no_outage_is_so_long_that_an_old_calls_transcript_is_given_up(fault, told, vendor):
    told(ended_ago=timedelta(days=3))
    outage = vendor.faults.add(fault[0], "/transcript", **fault[1])
    for _ in range(12):
        # The pause that all calls keep is over, and so is this transcript's wait.
        VendorState.objects.all().delete()
        ItemAttempt.objects.update(next_at=timezone.now())
        Transcript.objects.update(next_fetch_at=timezone.now())
        transcript_round.fetch_due()
    assert asked(vendor) >= 12
    assert Transcript.objects.get().attempts == 0

    vendor.faults.remove(outage)
    VendorState.objects.all().delete()
    ItemAttempt.objects.update(next_at=timezone.now())
    Transcript.objects.exclude(next_fetch_at=None).update(next_fetch_at=timezone.now())
    transcript_round.fetch_due()

    assert Turn.objects.count() == 3


def test_after_a_failure_transcripts_are_not_all_tried_again_at_the_same_moment(told, vendor):
    told()
    vendor.faults.add("invalid_json", "/transcript")
    waits = set()
    for _ in range(3):
        Transcript.objects.update(next_fetch_at=timezone.now(), attempts=1)
        transcript_round.fetch_due()
        wait = Transcript.objects.get().next_fetch_at - timezone.now()
        waits.add(round(wait.total_seconds(), 1))

    assert all(44 <= wait <= 75 for wait in waits)
    assert len(waits) > 1


def test_what_was_kept_stays_when_kallglot_forgets_it(told):
    transcripts.fetch(told())
    session = told(turns=())

    transcripts.fetch(session)

    assert Turn.objects.count() == 3


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_at_once_make_one_call(told, vendor):
    session = told()
    vendor.options.latency_ms = 200

    def look():
        try:
            transcripts.fetch_if_due(session)
        finally:
            connection.close()

    lookers = [threading.Thread(target=look) for _ in range(5)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()

    assert asked(vendor) == 1
    assert Turn.objects.count() == 3
