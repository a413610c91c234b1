"""Until when Kallglot keeps recordings: asked for where the list is silent, and checked again."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from recordings.models import Recording, RecordingState, Session, WorkerState
from recordings.services import listening, pruning, retention, schedule, sync, work_round
from tests.conftest import CALL
from tests.factories import make_recording, make_session, outdate

pytestmark = pytest.mark.django_db
# The thread that fetches audio would wait for rows that a test's own transaction holds.
COMMITTED = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def prompt(foreground):
    """Rounds run as if a user waited: nothing is held back."""


def details_asked(vendor) -> int:
    return sum(r.path.split("/")[-2:-1] == ["recordings"] for r in vendor.requests)


def check_now() -> None:
    outdate(Session.objects.get(kallglot_id=CALL), minutes=5)
    Session.objects.filter(kallglot_id=CALL).update(next_check_at=timezone.now())
    Recording.objects.exclude(details_at=None).update(
        details_at=timezone.now() - timedelta(minutes=5)
    )
    retention.check_due()


def test_what_the_newer_list_leaves_out_is_asked_for_once(vendor):
    vendor.options.generation = "newer"
    sync.open_call(CALL)
    assert not Recording.objects.exclude(expires_at=None).exists()

    retention.check_due()
    listed = Recording.objects.count()
    assert details_asked(vendor) == listed > 0
    sync.refresh(CALL)
    retention.check_due()
    assert details_asked(vendor) == listed

    told = {r.id: r for r in vendor.recording("rec_known_mixed")[1].recordings}
    for known in Recording.objects.all():
        expected = told[known.kallglot_id]
        assert (known.channel, known.size) == (expected.channel, expected.audio.size)
        assert abs(known.expires_at - expected.expires_at) < timedelta(seconds=1)
    assert Session.objects.get().expires_first is not None


def test_the_list_of_the_seed_costs_no_more_requests(vendor):
    sync.open_call(CALL)
    retention.check_due()
    assert details_asked(vendor) == 0


@COMMITTED
def test_a_copy_is_not_fetched_again_because_its_size_became_known(vendor):
    vendor.options.generation = "newer"
    sync.open_call(CALL)
    recording = Recording.objects.get(kallglot_id="rec_known_mixed")
    listening.prefetch(recording)

    retention.check_due()
    pruning.prune()
    recording.refresh_from_db()
    listening.prefetch(recording)

    assert recording.expires_at
    assert vendor.requests.count("/recordings/rec_known_mixed/audio") == 1


def test_a_shorter_retention_is_noticed_with_the_next_check(vendor, monkeypatch):
    vendor.options.generation = "newer"
    sync.open_call(CALL)
    retention.check_due()
    before = Recording.objects.get(kallglot_id="rec_known_mixed").expires_at

    Recording.objects.update(expires_at=before + timedelta(days=30))
    check_now()

    assert Recording.objects.get(kallglot_id="rec_known_mixed").expires_at == before


@COMMITTED
@pytest.mark.parametrize("generation", ["seed", "newer"])
def test_an_early_deletion_is_noticed_without_a_user(generation, vendor):
    vendor.options.generation = generation
    sync.open_call(CALL)
    retention.check_due()
    recording = Recording.objects.get(kallglot_id="rec_known_mixed")
    listening.prefetch(recording)
    vendor.remove_call(CALL)

    check_now()
    pruning.prune()

    recording.refresh_from_db()
    assert recording.state is RecordingState.MISSING
    assert not list(listening.relay().store.all_keys())
    assert Session.objects.get().next_check_at is None


@pytest.mark.parametrize("days", [7, 30, 90])
def test_a_call_is_checked_at_half_of_its_lifetime_and_a_day_before_its_end(days):
    now = timezone.now()
    lifetime = timedelta(days=days)
    session = make_session()
    moments = []
    for n in range(20):
        recording = make_recording(
            session, f"rec_{days}_{n}", created_at=now, expires_at=now + lifetime
        )
        moments.append(schedule.next_check([recording]))
        assert lifetime * 0.45 <= moments[-1] - now <= lifetime * 0.55
        later = now - lifetime * 0.6
        recording.created_at, recording.expires_at = later, later + lifetime
        left = recording.expires_at - schedule.next_check([recording])
        assert timedelta(hours=24) <= left <= timedelta(hours=30)
        later = now - lifetime + timedelta(hours=23)
        recording.created_at, recording.expires_at = later, later + lifetime
        assert schedule.next_check([recording]) is None
    assert len(set(moments)) == 20, "calls of one hour are checked in the same minute"


def test_a_recording_without_a_known_expiry_is_checked_monthly():
    session = make_session()
    recording = make_recording(session, expires_at=None)
    assert schedule.next_check([recording]) <= timezone.now()
    recording.details_at = timezone.now()
    wait = schedule.next_check([recording]) - timezone.now()
    assert timedelta(days=20) < wait < timedelta(days=40)


def test_a_check_that_kallglot_does_not_answer_is_made_later(vendor):
    sync.open_call(CALL)
    fault = vendor.faults.add("status", f"/sessions/{CALL}/recordings", status=500)
    check_now()
    wait = Session.objects.get().next_check_at - timezone.now()
    assert timedelta(minutes=30) < wait < timedelta(hours=2)
    assert Recording.objects.filter(gone_since=None).count() == 3

    Session.objects.update(stale_since=timezone.now() - timedelta(days=8))
    check_now()
    assert Session.objects.get().next_check_at - timezone.now() > timedelta(days=1)
    vendor.faults.remove(fault)


@pytest.mark.parametrize("expiry_is_known", [True, False])
def test_a_call_that_may_not_be_read_is_not_checked_every_hour(expiry_is_known, vendor):
    sync.open_call(CALL)
    if not expiry_is_known:
        Recording.objects.update(expires_at=None)
    fault = vendor.faults.add("status", f"/sessions/{CALL}/recordings", status=403)

    check_now()

    assert Session.objects.get().next_check_at - timezone.now() > timedelta(days=1)
    vendor.faults.remove(fault)


def test_webhooks_go_before_checks(vendor):
    sync.open_call(CALL)
    WorkerState.beat()
    make_session("sess_due", next_refresh_at=timezone.now())
    vendor.requests.clear()

    check_now()

    assert vendor.requests.count() == 0
    Session.objects.filter(kallglot_id="sess_due").delete()
    retention.check_due()
    assert vendor.requests.count() == 1


@pytest.mark.parametrize("status", ["", "archived"])
def test_a_recording_in_an_unknown_state_is_asked_about_once(vendor, status):
    """It may have audio, so it is checked; while it was never asked about it stayed due."""
    vendor.options.generation = "newer"
    vendor.faults.add("unknown_status", f"/{CALL}/recordings", status=status)
    sync.open_call(CALL)

    retention.check_due()

    assert details_asked(vendor) == Recording.objects.count() > 0
    assert Recording.objects.exclude(expires_at=None).count() == Recording.objects.count()
    assert Session.objects.get().next_check_at > timezone.now() + timedelta(days=1)


def test_a_call_that_stays_due_keeps_no_other_waiting(vendor, monkeypatch):
    """No input is known to leave a call due, so the fault is put where the check is done."""
    make_session("sess_bad", next_check_at=timezone.now() - timedelta(hours=1))
    sync.open_call(CALL)
    Session.objects.filter(kallglot_id=CALL).update(next_check_at=timezone.now())
    check, checked = retention._check, []

    def leave_due(session):
        checked.append(session.kallglot_id)
        if session.kallglot_id == CALL:
            check(session)

    monkeypatch.setattr(retention, "_check", leave_due)
    retention.check_due()
    retention.check_due()

    assert checked.count(CALL) == 1
    assert checked.count("sess_bad") == work_round._MOST_REPEATS + 1


def test_calls_of_an_earlier_release_are_checked_without_a_visit(vendor):
    vendor.options.generation = "newer"
    call = sync.open_call(CALL)
    later = timezone.now() + timedelta(days=9)
    make_recording(make_session("sess_known_end"), expires_at=later)
    make_recording(make_session("sess_over"), expires_at=timezone.now() - timedelta(days=1))
    make_recording(make_session("sess_failed"), status="failed", expires_at=None)
    Session.objects.update(next_check_at=None)

    import_module("recordings.migrations.0029_check_known_calls").plan_checks(apps, None)

    planned = dict(Session.objects.values_list("kallglot_id", "next_check_at"))
    assert planned["sess_known_end"] == later - timedelta(hours=24)
    assert (planned["sess_over"], planned["sess_failed"]) == (None, None)
    retention.check_due()
    assert not call.recordings.filter(expires_at=None).exists()
