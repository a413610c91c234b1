"""Transcripts of both generations, and where in the call each turn is."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from recordings.kallglot import errors, parsing
from recordings.kallglot.types import Transcript

from .vendor import answer

STARTED = datetime(2026, 5, 11, 9, 14, 35, tzinfo=UTC)


def at(seconds: float) -> str:
    return (STARTED + timedelta(seconds=seconds)).isoformat()


NEWER = {
    "id": "trn_sess_1",
    "session_id": "sess_1",
    "status": "completed",
    "turns": [
        {
            "sequence": 2,
            "speaker": "customer",
            "language": "de",
            "text": "Mein Paket fehlt.",
            "translation": {"language": "en", "text": "My parcel is missing."},
            "timestamp": at(4),
        },
        {"sequence": 1, "speaker": "agent", "language": "en", "text": "Hello.", "timestamp": at(0)},
        {"sequence": 3, "speaker": "agent", "text": "I see.", "timestamp": at(10)},
    ],
    "metadata": {"duration_seconds": 171.0, "languages_detected": ["en", "de", "en", 5]},
}
OLDER = {
    "status": "complete",
    "duration": 187.4,
    "language": {"source": "de", "target": "en"},
    "segments": [
        {
            "id": "seg_001",
            "speaker": "customer",
            "text": "Hallo.",
            "translation": "Hello.",
            "start_time": 0.5,
            "end_time": 2.25,
            "confidence": 0.93,
        },
        {"id": "seg_002", "text": "Ja?", "start_time": 3.0, "confidence": 7},
    ],
}


def parsed(**answer_fields) -> Transcript:
    return parsing.transcript(answer_fields, "sess_1")


def spans(turns) -> list[tuple]:
    return [(turn.start, turn.end) for turn in turns]


def test_newer(vendor, client):
    vendor.script(answer(200, json.dumps(NEWER).encode()))
    transcript = client.transcript("sess_1")
    assert vendor.requests[0].target == "/v1/sessions/sess_1/transcript"
    assert (transcript.id, transcript.session_id) == ("trn_sess_1", "sess_1")
    assert transcript.is_complete
    assert transcript.languages == ("en", "de")
    assert transcript.duration == 171.0
    assert [turn.sequence for turn in transcript.turns] == [1, 2, 3]
    second = transcript.turns[1]
    assert (second.speaker, second.language, second.text) == ("customer", "de", "Mein Paket fehlt.")
    assert (second.translation, second.translation_language) == ("My parcel is missing.", "en")
    assert second.timestamp == STARTED + timedelta(seconds=4)
    assert (second.start, second.end, second.confidence) == (None, None, None)


def test_older():
    transcript = parsed(**OLDER)
    assert transcript.is_complete
    assert transcript.languages == ("de", "en")
    first, second = transcript.turns
    assert (first.sequence, first.start, first.end, first.confidence) == (1, 0.5, 2.25, 0.93)
    assert (first.translation, first.translation_language) == ("Hello.", None)
    assert (second.sequence, second.end, second.confidence) == (2, None, None)


def test_offsets_from_timestamps():
    turns = parsed(**NEWER).turns_with_offsets(STARTED, 171.0)
    assert spans(turns) == [(0.0, 4.0), (4.0, 10.0), (10.0, 171.0)]


def test_offsets_of_segments():
    turns = parsed(**OLDER).turns_with_offsets(STARTED, 187.4)
    assert spans(turns) == [(0.5, 2.25), (3.0, 187.4)]


def test_offsets_without_a_start_or_duration():
    turns = parsed(**NEWER).turns_with_offsets(None, None)
    assert spans(turns) == [(0.0, 4.0), (4.0, 10.0), (10.0, 13.0)]


def test_offsets_are_clamped():
    transcript = parsed(**NEWER)
    assert spans(transcript.turns_with_offsets(STARTED + timedelta(seconds=2), 5.0)) == [
        (0.0, 2.0),
        (2.0, 5.0),
        (5.0, 5.0),
    ]


def test_turn_without_a_time_keeps_none():
    turns = [{"text": "a", "timestamp": at(1)}, {"text": "b"}, {"text": "c", "timestamp": at(5)}]
    assert spans(parsed(turns=turns).turns_with_offsets(STARTED, 9.0)) == [
        (1.0, 5.0),
        (None, None),
        (5.0, 9.0),
    ]


def test_end_before_start_is_no_negative_length():
    turns = parsed(segments=[{"text": "a", "start_time": 5, "end_time": 2}])
    assert spans(turns.turns_with_offsets(None, 10)) == [(5.0, 5.0)]


def test_no_turns():
    transcript = parsed(status="in_progress")
    assert not transcript.is_complete
    assert transcript.turns == ()
    assert transcript.turns_with_offsets(None, None) == ()


@pytest.mark.parametrize("value", [None, 5, "x", True, [], {}, [[]], "\ud800"])
def test_wrong_types_are_no_exception(value):
    names = ("sequence", "speaker", "language", "text", "translation", "timestamp")
    names += ("start_time", "end_time", "confidence")
    transcript = parsed(
        id=value,
        status=value,
        language=value,
        metadata=value,
        turns=[dict.fromkeys(names, value), value],
    )
    for turn in transcript.turns_with_offsets(STARTED, 10.0):
        turn.text.encode()
        (turn.translation or "").encode()
    assert parsed(turns=value, segments=value).turns is not None


def test_entries_that_are_no_turns_are_counted():
    assert parsed(turns=[{"text": "a"}, "b", None]).skipped == 2


def test_transcript_of_another_session(vendor, client, fails):
    vendor.script(answer(200, b'{"session_id": "sess_2", "turns": []}'))
    with fails(errors.BadAnswer, reason="vendor_other_object"):
        client.transcript("sess_1")


def test_missing_transcript(vendor, client, fails):
    vendor.script(answer(404))
    with fails(errors.NotFound, status=404):
        client.transcript("sess_1")
