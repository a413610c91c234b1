"""Audio fetched before anybody asks: off, of new calls, of all; once, and within the limit."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import AudioPrefetch, Recording, Session
from recordings.services import listening, prefetching, sync
from recordings.services import vendor as vendor_service
from recordings.simulator import make_call, noise

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def calls(vendor, db):
    """A call of today and one of last week, each with one recording of 1,000 bytes."""
    week = timezone.now() - timedelta(days=7)
    for name, ended_at in (("sess_today", timezone.now()), ("sess_lately", week)):
        vendor.add_call(make_call(name, {"mixed": noise(1000)}, ended_at=ended_at))
        sync.open_call(name)
    vendor.requests.clear()
    yield
    vendor_service.client(background=True).close()


def kept() -> set[str]:
    numbers = [int(key.partition("-")[0]) for key in listening.relay().store.all_keys()]
    recordings = Recording.objects.filter(pk__in=numbers)
    return set(recordings.values_list("session__kallglot_id", flat=True))


@pytest.mark.parametrize(
    ("choice", "fetched"),
    [("off", set()), ("new", {"sess_today"}), ("all", {"sess_today", "sess_lately"})],
)
def test_each_choice_fetches_its_calls(choice, fetched, settings):
    settings.PREFETCH_AUDIO = choice

    assert prefetching.fetch_waiting() is None

    assert kept() == fetched


def test_what_was_fetched_and_evicted_is_not_fetched_again(settings, vendor):
    settings.PREFETCH_AUDIO = "all"
    prefetching.fetch_waiting()
    for recording in Recording.objects.all():
        listening.forget(recording)

    prefetching.fetch_waiting()

    assert vendor.requests.count("/audio") == 2
    assert kept() == set()


def test_what_somebody_has_heard_costs_nothing(settings, vendor):
    settings.PREFETCH_AUDIO = "all"
    for recording in Recording.objects.all():
        listening.prefetch(recording)
    vendor.requests.clear()

    prefetching.fetch_waiting()

    assert vendor.requests.count("/audio") == 0


def test_old_calls_do_not_push_others_out_of_a_full_store(settings, vendor):
    settings.PREFETCH_AUDIO, settings.AUDIO_MAX_BYTES = "all", 1500

    prefetching.fetch_waiting()
    prefetching.fetch_waiting()

    assert kept() == {"sess_today"}
    assert vendor.requests.count("/audio") == 1


def test_what_is_not_ready_waits_until_it_is(settings):
    settings.PREFETCH_AUDIO = "all"
    Recording.objects.filter(session__kallglot_id="sess_today").update(status="processing")
    prefetching.fetch_waiting()
    assert kept() == {"sess_lately"}

    Recording.objects.update(status="ready")
    prefetching.fetch_waiting()

    assert kept() == {"sess_lately", "sess_today"}


def test_a_recording_that_cannot_be_had_is_tried_some_times(settings, vendor):
    settings.PREFETCH_AUDIO = "all"
    Session.objects.filter(kallglot_id="sess_lately").delete()
    vendor.faults.add("wrong_type", "/audio", type="text/html")
    vendor.faults.add("wrong_bytes", "/audio")

    for _ in range(6):
        prefetching.fetch_waiting()
        AudioPrefetch.objects.exclude(next_at=None).update(next_at=timezone.now())

    note = AudioPrefetch.objects.get()
    assert (note.attempts, note.next_at) == (4, None)
    assert note.outcome.startswith("vendor_")
