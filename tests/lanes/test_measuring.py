"""Measuring a call from the lanes that were made of it."""

import pytest
from django.utils import timezone

from recordings.models import CallFigures, Lanes, Recording
from recordings.services import figures, lanes, pruning, sync
from tests.audio.voices import SIDES, later, mono, samples, stereo, true_spans
from tests.conftest import CALL

from .known import SPEECH, analyse_all, recording


def test_a_call_is_measured_from_its_legs(spoken):
    session = spoken()

    analyse_all()

    found = CallFigures.objects.get(session=session)
    assert found.source == figures.LEGS
    talk_ms = sum(end - start for start, end in true_spans(SPEECH, "agent"))
    assert found.figures["agent_talk_s"] == pytest.approx(talk_ms / 1000, abs=0.1)
    session.refresh_from_db()
    assert session.longest_silence_s == found.figures["longest_silence_s"]
    assert session.overlap_share == found.figures["overlap_share"]
    assert session.agent_talk_share == found.figures["agent_share"]
    assert found.channel_check["verdict"] == "same"
    assert abs(found.channel_check["agent_shift_ms"]) <= 5


def test_doing_it_again_changes_nothing_and_levels_are_not_kept(spoken):
    session = spoken()
    analyse_all()
    first = CallFigures.objects.get()

    second = figures.measure(session)

    assert (second.figures, second.channel_check) == (first.figures, first.channel_check)
    assert {bytes(levels) for levels in Lanes.objects.values_list("levels", flat=True)} == {b""}


def test_until_the_legs_are_there_the_mixed_file_is_measured(spoken):
    session = spoken()

    lanes.analyse(recording())

    found = CallFigures.objects.get(session=session)
    assert found.source == figures.MIXED
    assert found.figures["agent_talk_s"] > 0
    assert found.channel_check == {}


def test_swapped_channels_are_noticed(spoken):
    spoken(mixed=stereo(samples(SPEECH, "customer"), samples(SPEECH, "agent")))

    analyse_all()

    assert CallFigures.objects.get().channel_check["verdict"] == "swapped"


def test_a_late_mixed_file_is_noticed(spoken):
    spoken(mixed=stereo(*(later(samples(SPEECH, side), 1300) for side in ("agent", "customer"))))

    analyse_all()

    assert CallFigures.objects.get().channel_check["agent_shift_ms"] == pytest.approx(1300, abs=5)


@pytest.fixture
def made_anew(spoken):
    """A call whose mixed file was swapped when it was analysed, and has been made anew, right."""
    sides = samples(SPEECH, "agent"), samples(SPEECH, "customer")
    spoken(mixed=stereo(*sides[::-1]))
    analyse_all()
    spoken(mixed=stereo(*sides) + bytes(160))
    Recording.objects.filter(channel="mixed").update(size=1)


def test_a_mixed_file_made_anew_is_compared_anew(made_anew):
    lanes.analyse(recording())

    assert CallFigures.objects.get().channel_check["verdict"] == "same"
    assert {bytes(levels) for levels in Lanes.objects.values_list("levels", flat=True)} == {b""}


def test_of_a_mixed_file_made_anew_nothing_old_is_told(made_anew):
    Recording.objects.exclude(channel="mixed").update(expires_at=timezone.now())

    lanes.analyse(recording())

    assert CallFigures.objects.get().channel_check == {}


def test_legs_that_come_late_are_compared_all_the_same(spoken):
    swapped = stereo(samples(SPEECH, "customer"), samples(SPEECH, "agent"))
    spoken(mixed=swapped, agent=None, customer=None)
    analyse_all()
    spoken(mixed=swapped)
    sync.refresh(CALL)

    analyse_all()

    assert CallFigures.objects.get().channel_check["verdict"] == "swapped"


def test_what_is_left_of_a_call_is_not_taken_for_the_whole(spoken):
    session = spoken(parts=2)
    analyse_all()
    before = CallFigures.objects.get()
    session.refresh_from_db()
    silence = session.longest_silence_s
    Recording.objects.exclude(kallglot_id__endswith="_2").update(expires_at=timezone.now())
    lanes.forget_expired()
    Recording.objects.filter(kallglot_id="rec_known_mixed_2").update(size=1)

    lanes.analyse(Recording.objects.get(kallglot_id="rec_known_mixed_2"))

    found = CallFigures.objects.get()
    assert (found.source, found.figures) == (before.source, before.figures)
    session.refresh_from_db()
    assert session.longest_silence_s == silence


def test_a_duplicate_tells_silence_but_no_sides(spoken):
    both = samples(SPEECH, "agent")
    session = spoken(mixed=stereo(both, both), agent=None, customer=None)

    analyse_all()

    found = CallFigures.objects.get()
    assert found.source == figures.ONE_LANE
    assert found.channel_check["verdict"] == "duplicate"
    session.refresh_from_db()
    assert session.agent_talk_share is None
    assert session.longest_silence_s > 0


@pytest.mark.parametrize(
    ("mixed", "verdict", "source"),
    [
        (stereo(*(samples(SPEECH, side) for side in SIDES)), "alike", figures.MIXED),
        (stereo(*[samples(SPEECH, "agent")] * 2), "one sound", figures.ONE_LANE),
        (None, "alike", figures.ONE_LANE),
    ],
    ids=["mixed differs", "mixed is the same", "no mixed"],
)
def test_legs_that_are_alike_tell_no_sides(mixed, verdict, source, spoken):
    one = mono(samples(SPEECH, "agent"))
    spoken(mixed=mixed, agent=one, customer=one)

    analyse_all()

    found = CallFigures.objects.get()
    assert (found.source, found.channel_check["verdict"]) == (source, verdict)


def test_a_mono_mixed_file_is_one_lane(spoken):
    spoken(mixed=mono(samples(SPEECH, "agent")), agent=None, customer=None)

    analyse_all()

    assert Lanes.objects.get().count == 1
    assert CallFigures.objects.get().source == figures.ONE_LANE


def test_one_leg_alone_is_measured_for_itself(spoken):
    spoken(mixed=None, customer=None)

    analyse_all()

    found = CallFigures.objects.get()
    assert found.source == figures.ONE_LEG
    assert found.figures.keys() == {"duration_s", "agent_talk_s"}


def test_a_call_of_two_parts_is_measured_as_one(spoken):
    spoken(parts=2)

    analyse_all()

    found = CallFigures.objects.get()
    talk_ms = sum(end - start for start, end in true_spans(SPEECH, "customer"))
    assert found.source == figures.LEGS
    assert found.figures["customer_talk_s"] == pytest.approx(2 * talk_ms / 1000, abs=0.2)


def test_pruning_deletes_the_waveform_of_what_expired_and_keeps_the_figures(spoken):
    spoken()
    analyse_all()
    Recording.objects.filter(channel="agent").update(expires_at=timezone.now())
    Recording.objects.filter(channel="customer").update(gone_since=timezone.now())

    pruning.prune()

    assert [row.recording for row in Lanes.objects.all()] == [recording()]
    assert CallFigures.objects.get().figures["agent_talk_s"] > 0
