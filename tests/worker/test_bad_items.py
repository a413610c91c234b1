"""An item on which the portal itself fails: the others go on, and users see why it was given up.

No input is known to raise, so the fault is put where each round does its work.
"""

import zipfile

import pytest
from django.utils import timezone

from recordings import tasks
from recordings.kallglot import Client
from recordings.models import (
    AudioPrefetch,
    Export,
    Import,
    ImportItem,
    ItemAttempt,
    Lanes,
    LanesState,
    Recording,
    Session,
    Transcript,
    WebhookEvent,
)
from recordings.services import (
    events,
    exporting,
    importing,
    lanes,
    listening,
    prefetching,
    refreshing,
    transcript_round,
    work_round,
    zipping,
)
from recordings.simulator import make_call, noise
from tests.exports.asking import manifest
from tests.factories import make_recording, make_session
from tests.pages import text_of

BAD, GOOD = "sess_bad", "sess_good"


class Killed(BaseException):
    """Ends the process in the middle of an item, as far as the item is concerned."""


@pytest.fixture(autouse=True)
def quiet_queue(monkeypatch):
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: None)


@pytest.fixture(autouse=True)
def prompt(foreground):
    """Rounds run as if a user waited: nothing is held back."""


@pytest.fixture
def calls(vendor, db):
    for session_id in (BAD, GOOD):
        vendor.add_call(make_call(session_id, {"mixed": noise(500)}))


@pytest.fixture
def known(calls):
    """Both calls as rows, each with a recording."""
    for session_id in (BAD, GOOD):
        make_recording(make_session(session_id), f"rec_{session_id[5:]}_mixed")


@pytest.fixture
def fault(monkeypatch):
    """`fault(owner, name)`: that function fails for everything that belongs to the bad call."""
    tries = []

    def put(owner, name, kind=RuntimeError):
        original = getattr(owner, name)

        def fail(*args, **kwargs):
            if any("bad" in str(getattr(arg, "kallglot_id", arg)) for arg in args):
                tries.append(args)
                raise kind("our own fault")
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, fail)
        return tries

    return put


def store_event(name: str, kind: str, **refs) -> None:
    WebhookEvent.objects.create(event_id=name, type=kind, happened_at=timezone.now(), **refs)


def rests_are_over():
    ItemAttempt.objects.update(next_at=timezone.now())


def run_until_given_up(run, tries) -> None:
    """The first run does the good item and tries the bad one once; then the waits are over."""
    run()
    assert len(tries) == 1
    run()
    assert len(tries) == 1, "the item was repeated without a wait"
    for _ in range(2 * work_round.MAX_ATTEMPTS):
        rests_are_over()
        run()
    assert len(tries) == work_round.MAX_ATTEMPTS
    assert not ItemAttempt.objects.exists()


def test_a_call_that_cannot_be_refreshed_stops_no_other(calls, fault, clients):
    for session_id in (BAD, GOOD):
        make_session(session_id, next_refresh_at=timezone.now(), refreshed_at=None)
    tries = fault(Client, "recordings")

    run_until_given_up(refreshing.refresh_due, tries)

    assert Session.objects.get(kallglot_id=GOOD).recordings.count() == 1
    assert Session.objects.get(kallglot_id=BAD).next_refresh_at is None
    Session.objects.update(refresh_begun_at=timezone.now())
    page = text_of(clients["reviewer"].get(f"/sessions/{BAD}/").text)
    assert "The portal could not process this; its log says why." in page


def test_a_transcript_that_cannot_be_stored_stops_no_other(known, fault, clients):
    for session in Session.objects.order_by("pk"):
        Transcript.objects.create(session=session, next_fetch_at=timezone.now())
    tries = fault(Client, "transcript")

    def run():
        Transcript.objects.exclude(next_fetch_at=None).update(next_fetch_at=timezone.now())
        transcript_round.fetch_due()

    run_until_given_up(run, tries)

    assert Transcript.objects.get(session__kallglot_id=GOOD).fetched_at
    assert Transcript.objects.get(session__kallglot_id=BAD).next_fetch_at is None
    page = text_of(clients["reviewer"].get(f"/sessions/{BAD}/transcript").text)
    assert "The portal could not process this transcript; its log says why." in page


def test_an_id_that_cannot_be_imported_stops_no_other(calls, fault, clients, people):
    batch = importing.create(people["reviewer"], [BAD, GOOD])
    tries = fault(Client, "session")

    run_until_given_up(importing.work_off, tries)

    outcomes = dict(ImportItem.objects.values_list("kallglot_id", "outcome"))
    assert outcomes == {BAD: "failed", GOOD: "added"}
    page = text_of(clients["reviewer"].get(f"/imports/{batch.pk}/").text)
    assert f"{BAD} The portal could not process this; its log says why." in page


def test_an_event_that_cannot_be_placed_stops_no_other(known, fault):
    for name in ("rec_bad_new", "rec_good_new"):
        store_event(name, "recording.ready", recording_ref=name)
    tries = fault(Client, "recording")

    run_until_given_up(events.work_off, tries)

    assert WebhookEvent.objects.get(event_id="rec_bad_new").outcome == work_round.GIVEN_UP


def test_events_that_cannot_be_settled_together_are_settled_one_by_one(known, monkeypatch):
    for session_id in (BAD, GOOD):
        store_event(session_id, "session.ended", session_ref=session_id)
    settle = events._settle

    def fail(outcomes):
        if any(outcome.session_ref == BAD for outcome in outcomes):
            raise RuntimeError("our own fault")
        settle(outcomes)

    monkeypatch.setattr(events, "_settle", fail)

    assert events.work_off() == 1

    assert Session.objects.get(kallglot_id=GOOD).next_refresh_at


def test_audio_that_cannot_be_analysed_stops_no_other(known, monkeypatch, vendor, clients):
    fails, tries = [True], []
    analyse_apart = lanes.analyse_apart

    def fail(file):
        tries.append(file)
        if fails:
            raise RuntimeError("our own fault")
        return analyse_apart(file)

    monkeypatch.setattr(lanes, "analyse_apart", fail)
    bad = Recording.objects.get(kallglot_id="rec_bad_mixed")
    lanes.want(bad)
    lanes.analyse_wanted()
    fails.clear()
    lanes.want(Recording.objects.get(kallglot_id="rec_good_mixed"))
    lanes.analyse_wanted()
    assert not Lanes.objects.filter(
        recording__kallglot_id="rec_good_mixed", state=LanesState.WANTED
    ).exists()

    fails.append(True)
    tries[1:] = []
    for _ in range(2 * work_round.MAX_ATTEMPTS):
        rests_are_over()
        lanes.analyse_wanted()

    assert len(tries) == work_round.MAX_ATTEMPTS
    assert vendor.requests.count("/recordings/rec_bad_mixed/audio") == 1
    answer = clients["reviewer"].get("/recordings/rec_bad_mixed/waveform")
    assert answer.status_code == 404
    assert "The portal failed on this file; its log says why." in answer.text


def test_a_file_that_is_not_here_any_more_is_not_fetched_again_after_a_fault(
    known, monkeypatch, vendor
):
    bad = Recording.objects.get(kallglot_id="rec_bad_mixed")
    lanes.want(bad)

    def fail(file):
        listening.forget(bad)
        raise RuntimeError("our own fault")

    monkeypatch.setattr(lanes, "analyse_apart", fail)
    for _ in range(3):
        rests_are_over()
        lanes.analyse_wanted()

    assert vendor.requests.count("/recordings/rec_bad_mixed/audio") == 1
    assert Lanes.objects.get(recording=bad).state == LanesState.IMPOSSIBLE


def test_audio_that_cannot_be_prefetched_stops_no_other(known, fault, settings):
    settings.PREFETCH_AUDIO = "all"
    tries = fault(listening, "prefetch")

    run_until_given_up(prefetching.fetch_waiting, tries)

    outcomes = dict(AudioPrefetch.objects.values_list("recording__kallglot_id", "outcome"))
    assert outcomes == {"rec_bad_mixed": work_round.GIVEN_UP, "rec_good_mixed": "fetched"}


def _ask_for_zip(people) -> Export:
    return exporting.create(
        people["lead"], "zip", Session.objects.order_by("pk"), "", channels=["mixed"]
    )


def _left_out(export: Export) -> dict[str, str]:
    with zipfile.ZipFile(exporting.path(export)) as archive:
        return {line["recording"]: line["left_out_because"] for line in manifest(archive)}


def test_a_zip_is_made_without_what_cannot_be_read_and_says_so(known, fault, people, clients):
    export = _ask_for_zip(people)
    fault(listening, "fetch")

    zipping.make_waiting()

    export.refresh_from_db()
    assert export.state == "ready"
    why = "The portal failed on this file; its log says why."
    assert _left_out(export) == {"rec_bad_mixed": why, "rec_good_mixed": ""}
    assert why in text_of(clients["lead"].get(f"/exports/{export.pk}/").text)


def test_a_zip_that_cannot_be_made_keeps_no_other_waiting(known, people, clients, monkeypatch):
    first, second = _ask_for_zip(people), _ask_for_zip(people)
    finish = zipping._Zip._finish

    def fail(self, *args):
        if self._export.pk == first.pk:
            raise RuntimeError("our own fault")
        return finish(self, *args)

    monkeypatch.setattr(zipping._Zip, "_finish", fail)
    zipping.make_waiting()
    second.refresh_from_db()
    assert second.state == "ready"

    for _ in range(zipping._Exports.max_attempts):
        rests_are_over()
        zipping.make_waiting()
    first.refresh_from_db()
    assert (first.state, first.reason) == ("failed", work_round.GIVEN_UP)
    page = clients["lead"].get(f"/exports/{first.pk}/").text
    assert "The portal failed on this export" in page


def test_a_recording_that_ends_the_worker_is_left_out_of_its_zip(known, people, fault):
    export = _ask_for_zip(people)
    tries = fault(listening, "fetch", Killed)
    for _ in range(zipping._MAX_KILLS):
        with pytest.raises(Killed):
            zipping.make_waiting()
        rests_are_over()

    zipping.make_waiting()

    assert len(tries) == zipping._MAX_KILLS
    assert _left_out(export)["rec_good_mixed"] == ""
    assert "failed on this file" in _left_out(export)["rec_bad_mixed"]
    assert not ItemAttempt.objects.exists()


def test_an_item_that_ends_the_worker_is_given_up_too(calls, people, fault):
    importing.create(people["reviewer"], [BAD])
    tries = fault(Client, "session", Killed)
    for _ in range(work_round.MAX_ATTEMPTS):
        with pytest.raises(Killed):
            importing.work_off()
        rests_are_over()
    importing.work_off()

    assert len(tries) == work_round.MAX_ATTEMPTS
    assert ItemAttempt.objects.count() == 0
    item = Import.objects.get().items.get()
    assert (item.outcome, item.reason) == ("failed", work_round.GIVEN_UP)


def test_after_an_ordinary_restart_the_item_under_way_is_taken_up_at_once(calls, people, fault):
    importing.create(people["reviewer"], [BAD])
    tries = fault(Client, "session", Killed)
    for _ in range(2):
        with pytest.raises(Killed):
            importing.work_off()
    assert len(tries) == 2


def test_a_file_whose_host_cannot_be_reached_keeps_no_other_waiting(known, vendor, monkeypatch):
    vendor.faults.add("hang_up", "/recordings/rec_bad_mixed/audio")
    for recording in Recording.objects.order_by("pk"):
        lanes.want(recording)

    lanes.analyse_wanted()

    states = dict(Lanes.objects.values_list("recording__kallglot_id", "state"))
    assert states["rec_bad_mixed"] == LanesState.WANTED
    assert states["rec_good_mixed"] != LanesState.WANTED
