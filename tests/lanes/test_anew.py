"""Calls that were measured by an older definition are measured anew by the worker."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from recordings.models import CallFigures, Lanes, LanesState, Recording
from recordings.services import figures, lanes, listening
from tests.factories import make_recording, make_session

SPANS = {"agent": [[0, 20_000]], "customer": [[1_000, 1_300], [21_000, 22_000]]}


def look_through(recording, spans):
    Lanes.objects.create(
        recording=recording,
        key=listening.key(recording),
        state=LanesState.READY,
        count=1,
        duration_ms=30_000,
        spans=[spans],
    )


@pytest.fixture
def measured(db):
    """A call whose figures are as the last version left them."""
    session = make_session()
    for channel, spans in SPANS.items():
        look_through(make_recording(session, channel=channel), spans)
    found = figures.measure(session)
    found.figures |= {"agent_monologue_s": 1.0, "customer_monologue_s": 0.3}
    found.save()
    import_module("recordings.migrations.0015_monologues_anew").forget_monologues(apps, None)
    return found


def monologues():
    found = CallFigures.objects.get().figures
    return found.get("agent_monologue_s"), found.get("customer_monologue_s")


def test_the_worker_measures_it_anew(measured):
    assert monologues() == (None, None)

    assert lanes.analyse_wanted() is None

    assert monologues() == (20, 1)
    assert not CallFigures.objects.get().outdated


@pytest.mark.parametrize("over", ["all", "agent"])
def test_where_the_sound_is_over_the_rest_of_the_figures_stays(over, measured):
    if over == "agent":
        # The mixed file is there, but it is not what was measured.
        mixed = make_recording(measured.session)
        look_through(mixed, SPANS["agent"])
    expired = Recording.objects.all() if over == "all" else Recording.objects.filter(channel=over)
    expired.update(expires_at=timezone.now() - timedelta(days=1))
    lanes.forget_expired()

    lanes.analyse_wanted()

    found = CallFigures.objects.get()
    assert (found.source, found.figures["agent_talk_s"]) == (figures.LEGS, 20)
    assert monologues() == (None, None)
    assert not found.outdated


def test_a_part_of_the_sound_is_not_taken_for_the_whole(measured):
    CallFigures.objects.update(figures=measured.figures | {"duration_s": 90.0})

    lanes.analyse_wanted()

    assert CallFigures.objects.get().figures["duration_s"] == 90
    assert not CallFigures.objects.get().outdated


def test_many_calls_take_several_rounds(measured, monkeypatch):
    monkeypatch.setattr(lanes, "_ANEW_PER_ROUND", 1)
    other = make_session()
    CallFigures.objects.create(
        session=other, measured_at=timezone.now(), figures={"duration_s": 1.0}, outdated=True
    )

    assert lanes.analyse_wanted() == 1
    assert CallFigures.objects.filter(outdated=True).count() == 1
    assert lanes.analyse_wanted() is None
    assert not CallFigures.objects.filter(outdated=True).exists()


def test_what_has_no_monologues_is_left_alone(db):
    CallFigures.objects.create(
        session=make_session(), measured_at=timezone.now(), figures={"agent_talk_s": 4.0}
    )

    import_module("recordings.migrations.0015_monologues_anew").forget_monologues(apps, None)

    assert not CallFigures.objects.get().outdated


def test_waits_are_measured_anew_and_the_channel_check_stays(measured):
    lanes.analyse_wanted()
    right = CallFigures.objects.get()
    worst = right.figures["customer_wait_worst_s"]
    check = {"verdict": "swapped", "agent_shift_ms": 0, "customer_shift_ms": 0}
    right.channel_check = check
    right.figures |= {"customer_wait_worst_s": 99.0}
    right.save()

    import_module("recordings.migrations.0022_waits_anew").measure_anew(apps, None)
    lanes.analyse_wanted()

    found = CallFigures.objects.get()
    assert not found.outdated
    assert found.figures["customer_wait_worst_s"] == worst
    assert found.channel_check == check
