"""One thing that Kallglot refuses: it is asked for once, users see why, and a change asks again."""

from collections import Counter

import pytest
from django.utils import timezone

from recordings import tasks
from recordings.models import (
    AudioPrefetch,
    ImportItem,
    ItemAttempt,
    Lanes,
    LanesState,
    Recording,
    Session,
    Transcript,
    VendorState,
    WebhookEvent,
)
from recordings.services import (
    events,
    importing,
    lanes,
    prefetching,
    recheck,
    refreshing,
    transcript_round,
)
from recordings.simulator import make_call, noise
from tests.factories import make_recording, make_session
from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet_queue(monkeypatch):
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: None)


@pytest.fixture(autouse=True)
def prompt(foreground):
    """Rounds run as if a user waited: nothing is held back."""


@pytest.fixture
def known(vendor):
    vendor.add_call(make_call("sess_known", {"mixed": noise(500)}))
    return make_recording(make_session("sess_known"), "rec_known_mixed")


def run(work, times=3) -> None:
    for _ in range(times):
        ItemAttempt.objects.update(next_at=timezone.now())
        Session.objects.exclude(next_refresh_at=None).update(next_refresh_at=timezone.now())
        Transcript.objects.exclude(next_fetch_at=None).update(next_fetch_at=timezone.now())
        Lanes.objects.update(next_at=timezone.now())
        work()


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_transcript_is_asked_for_once(status, known, vendor, clients):
    Transcript.objects.create(session=known.session, next_fetch_at=timezone.now())
    fault = vendor.faults.add("status", "/transcript", status=status)

    run(transcript_round.fetch_due)

    assert vendor.requests.count("/transcript") == 1
    assert not VendorState.load().wait_s()
    reviewer = clients["reviewer"]
    page = text_of(reviewer.get("/sessions/sess_known/transcript").text)
    said = "may not read this transcript" if status == 403 else "could not be fetched from Kallglot"
    assert said in page
    assert vendor.requests.count("/transcript") == 1

    vendor.faults.remove(fault)
    Session.objects.update(refresh_begun_at=None)
    reviewer.post("/sessions/sess_known/refresh")
    run(transcript_round.fetch_due, times=1)
    assert vendor.requests.count("/transcript") == 2
    assert Transcript.objects.get().last_error == ""


def asked_twice(vendor, path: str) -> list[str]:
    """The addresses below `path` that were requested more than once."""
    counted = Counter(request.path for request in vendor.requests.matching(path))
    assert counted
    return [address for address, times in counted.items() if times > 1]


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_call_is_asked_for_once(status, vendor):
    make_session("sess_foreign", next_refresh_at=timezone.now(), refreshed_at=None)
    vendor.faults.add("status", "/sessions/sess_foreign", status=status)

    run(refreshing.refresh_due)

    assert asked_twice(vendor, "/sessions/sess_foreign") == []
    assert Session.objects.get().last_error


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_id_of_an_import_is_asked_for_once(status, vendor, people, clients):
    vendor.add_call(make_call("sess_fine", {"mixed": noise(500)}))
    batch = importing.create(people["reviewer"], ["sess_foreign", "sess_fine"])
    vendor.faults.add("status", "/sessions/sess_foreign", status=status)

    run(importing.work_off)

    assert asked_twice(vendor, "/sessions/sess_foreign") == []
    outcomes = dict(ImportItem.objects.values_list("kallglot_id", "outcome"))
    assert outcomes == {"sess_foreign": "failed", "sess_fine": "added"}
    page = text_of(clients["reviewer"].get(f"/imports/{batch.pk}/").text)
    if status == 403:
        assert "sess_foreign Your Kallglot key may not read this call." in page


def test_refused_audio_is_asked_for_once_and_the_waveform_says_why(
    known, vendor, clients, settings
):
    settings.PREFETCH_AUDIO = "all"
    fault = vendor.faults.add("status", "/recordings/rec_known_mixed/audio", status=403)
    lanes.want(known)

    run(lanes.analyse_wanted)
    assert vendor.requests.count("/audio") == 1
    run(prefetching.fetch_waiting)
    assert vendor.requests.count("/audio") == 2
    assert AudioPrefetch.objects.get().next_at is None
    answer = clients["reviewer"].get("/recordings/rec_known_mixed/waveform")
    assert "Your Kallglot key may not read this recording." in answer.text

    vendor.faults.remove(fault)
    clients["reviewer"].post("/sessions/sess_known/refresh")
    lanes.want(Recording.objects.get())
    run(lanes.analyse_wanted)
    assert vendor.requests.count("/audio") == 3


def test_an_event_about_a_refused_recording_is_asked_about_once(vendor):
    WebhookEvent.objects.create(
        event_id="evt_1",
        type="recording.ready",
        recording_ref="rec_foreign",
        happened_at=timezone.now(),
    )
    vendor.faults.add("status", "/recordings/rec_foreign", status=403)

    run(events.work_off)

    assert vendor.requests.count("/recordings/rec_foreign") == 1
    assert WebhookEvent.objects.get().outcome == "given_up"


def test_a_new_key_asks_again_for_what_the_old_one_might_not_read(known, vendor, settings):
    Transcript.objects.create(session=known.session, last_error="vendor_forbidden")
    Session.objects.update(last_error="vendor_forbidden", stale_since=timezone.now())
    AudioPrefetch.objects.create(recording=known, outcome="vendor_forbidden")
    wish, _ = lanes.want(known)
    wish.give_up(lanes.NOT_ALLOWED)

    assert not recheck.after_new_key(), "nothing is known of an earlier key"
    assert not recheck.after_new_key(), "the worker was restarted with the same key"
    assert Lanes.objects.get().state == LanesState.IMPOSSIBLE

    settings.KALLGLOT_API_KEY = "sk_test_another"
    assert recheck.after_new_key()

    assert Transcript.objects.get().is_due
    assert Session.objects.get().next_refresh_at <= timezone.now()
    assert not AudioPrefetch.objects.exists()
    assert not Lanes.objects.exists()


def test_cold_plays_go_on_while_an_import_meets_refused_transcripts(vendor, people, clients):
    vendor.options.update({"transcript_scope": "analysis:read"})
    names = [f"sess_{number}" for number in range(10)]
    for name in names:
        vendor.add_call(make_call(name, {"mixed": noise(500)}))
    importing.create(people["reviewer"], names)
    statuses = []

    def play() -> None:
        for recording in Recording.objects.exclude(pk__in=played):
            played.add(recording.pk)
            transcript_round.fetch_due()
            answer = clients["reviewer"].get(f"/recordings/{recording.kallglot_id}/audio")
            statuses.append((answer.status_code, len(answer.getvalue())))

    played = set()
    importing.work_off(on_each=play)

    assert statuses == [(200, 500)] * len(names)
    assert vendor.requests.count("/transcript") == len(names)
