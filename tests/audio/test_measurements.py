"""The figures of a call by their written definitions, and on real speech."""

import io
from dataclasses import fields
from pathlib import Path

import pytest

from recordings.audio.analysis import analyse
from recordings.audio.measurements import DEFINITIONS, Measurements, Part, measure
from recordings.simulator.spoken import Dialogue
from tests.audio.voices import DIALOGUES, SIDES, body, true_spans, whole


def call(agent, customer, seconds=60):
    """Spans in seconds."""
    lanes = {"agent": agent, "customer": customer}
    return Part(
        seconds * 1000,
        {
            side: [(round(a * 1000), round(b * 1000)) for a, b in spans]
            for side, spans in lanes.items()
        },
    )


def test_each_figure_of_a_plain_conversation():
    part = call(agent=[(1, 5), (12, 20)], customer=[(6, 10), (19, 25)], seconds=40)

    assert measure([part]).figures() == {
        "duration_s": 40,
        "agent_talk_s": 12,
        "customer_talk_s": 10,
        "agent_share": round(12 / 22, 4),
        "customer_share": round(10 / 22, 4),
        "silence_s": 19,
        "longest_silence_s": 15,
        "overlap_s": 1,
        "overlap_share": round(1 / 21, 4),
        "agent_monologue_s": 7,
        "customer_monologue_s": 6,
        "agent_wait_median_s": 2,
        "agent_wait_worst_s": 2,
        "customer_wait_median_s": 0.5,
        "customer_wait_worst_s": 1,
    }


def test_an_answer_that_begins_too_early_is_a_wait_of_nothing():
    part = call(agent=[(0, 10)], customer=[(8, 12)])

    assert measure([part]).customer_wait_worst_s == 0


def test_a_word_within_the_others_speech_takes_no_turn():
    part = call(agent=[(0, 30), (31, 40)], customer=[(10, 10.4), (43, 45)])

    found = measure([part])

    assert found.agent_wait_worst_s is None
    assert found.customer_wait_worst_s == 3
    assert found.overlap_s == 0.4


@pytest.mark.parametrize("word", [(10, 10.4), (29.6, 30), (10, 30)])
def test_a_word_that_begins_or_ends_with_the_others_speech_is_within_it(word):
    found = measure([call(agent=[(10, 30)], customer=[(0, 9), word, (33, 34)])])

    assert (found.agent_wait_worst_s, found.agent_wait_median_s) == (1, 1)
    assert found.customer_wait_worst_s == 3


def test_two_utterances_of_one_side_are_one_turn():
    part = call(agent=[(0, 2), (5, 7)], customer=[(8, 9)])

    assert measure([part]).customer_wait_median_s == 1


def test_the_median_of_waits_is_not_moved_by_one_long_wait():
    agent = [(0, 1), (10, 11), (20, 21), (50, 51)]
    customer = [(2, 8), (12, 19), (22, 30)]

    found = measure([call(agent, customer)])

    assert (found.agent_wait_median_s, found.agent_wait_worst_s) == (2, 20)


@pytest.mark.parametrize(
    ("agent", "customer", "seconds"),
    [
        ([(0, 4), (5.9, 9)], [], 9),
        ([(0, 4), (6.1, 9)], [], 4),
        ([(0, 4), (5, 9)], [(4.5, 4.8)], 4),
        ([(0, 10)], [(3, 12)], 3),
        ([(5, 10)], [(3, 6)], 5),
        ([], [(3, 6)], 0),
        ([(0, 20)], [(1, 1.3)], 20),
        ([(0, 9.4), (10, 20)], [(1, 1.3), (19, 20)], 20),
        ([(0, 10)], [(3, 4), (8, 12)], 8),
    ],
    ids=[
        *("pause", "long pause", "answer between", "interrupted", "interrupts", "says nothing"),
        *("mhm", "mhm before and after a breath", "interrupted after mhm"),
    ],
)
def test_what_ends_a_monologue(agent, customer, seconds):
    assert measure([call(agent, customer)]).agent_monologue_s == seconds


def test_one_leg_alone_tells_only_its_own_talk_time():
    figures = measure([Part(60_000, {"agent": [(0, 5_000)]})]).figures()

    assert figures == {"duration_s": 60, "agent_talk_s": 5}


def test_both_voices_in_one_lane_tell_only_the_silence():
    figures = measure([Part(60_000, {"mixed": [(5_000, 15_000), (20_000, 60_000)]})]).figures()

    assert figures == {"duration_s": 60, "silence_s": 10, "longest_silence_s": 5}


def test_a_call_in_which_nobody_speaks():
    figures = measure([call([], [], 30)]).figures()

    assert figures["silence_s"] == figures["longest_silence_s"] == 30
    assert figures["agent_talk_s"] == figures["overlap_s"] == 0
    assert not {"agent_share", "overlap_share", "agent_wait_median_s"} & figures.keys()


@pytest.mark.parametrize("parts", [[], [call([], [], 0)], [Part(0, {})]])
def test_a_call_of_no_length(parts):
    assert measure(parts).duration_s == 0


def test_a_pause_of_the_call_is_no_silence_and_no_wait():
    first = call(agent=[(1, 9)], customer=[], seconds=10)
    second = call(agent=[], customer=[(2, 8)], seconds=10)

    found = measure([first, second])

    assert (found.duration_s, found.silence_s, found.longest_silence_s) == (20, 6, 2)
    assert (found.agent_talk_s, found.customer_talk_s) == (8, 6)
    assert found.customer_wait_worst_s is None


def test_only_sides_that_every_part_has_count():
    parts = [call([(0, 1)], [(2, 3)]), Part(10_000, {"agent": [(0, 1_000)]})]

    assert measure(parts).figures() == {"duration_s": 70, "agent_talk_s": 2}


@pytest.mark.parametrize("source", ["legs", "mixed"])
@pytest.mark.parametrize("name", DIALOGUES)
def test_real_speech_measures_as_its_known_talk_spans_do(name, source):
    clip = whole(name)
    if source == "mixed":
        analysis = analyse(io.BytesIO(body(clip.mp3("mixed"))))
        heard = dict(zip(SIDES, analysis.spans, strict=True))
    else:
        heard = {side: analyse(io.BytesIO(body(clip.leg(side)))).spans[0] for side in SIDES}
    duration_ms = round(Dialogue(name).manifest["duration"] * 1000)
    truth = {side: true_spans(name, side) for side in SIDES}

    found = measure([Part(duration_ms, heard)]).figures()
    known = measure([Part(duration_ms, truth)]).figures()

    assert found.keys() == known.keys()
    for figure, value in known.items():
        allowed = 0.1 if figure.endswith("_s") else 0.01
        assert found[figure] == pytest.approx(value, abs=allowed), figure


def test_every_figure_has_its_definition_for_people_and_in_the_documentation():
    page = " ".join(Path("docs/measurements.md").read_text().split())

    assert list(DEFINITIONS) == [field.name for field in fields(Measurements)]
    for figure, sentence in DEFINITIONS.items():
        assert f"| `{figure}` | {sentence} |" in page
