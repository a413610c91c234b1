"""Whatever the vendor sends becomes a value that can be stored and shown, or None."""

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest

from recordings.kallglot import errors, parsing
from recordings.kallglot.types import Recording, Session

from .vendor import answer

TOKEN = "kst_live_abc123"

NEWER_SESSION = {
    "id": "sess_1",
    "object": "session",
    "status": "ended",
    "mode": "assistive_translation",
    "provider": "telnyx",
    "phone_number": "+4930901820",
    "source_language": "de",
    "target_language": None,
    "recording": {"enabled": True},
    "metadata": {"from": "+491711234567", "ticket_id": "T-4711"},
    "created_at": "2026-05-11T09:14:28Z",
    "started_at": "2026-05-11T09:14:35Z",
    "ended_at": "2026-05-11T11:17:42+02:00",
    "stream": {"url": "wss://x", "token": TOKEN, "expires_at": "2026-05-11T09:19:28Z"},
    "brand_new": {"field": 1},
}
OLDER_SESSION = {
    "id": "sess_1",
    "status": "ending",
    "provider": {"type": "twilio", "phone_number": "+15550100", "call_sid": "CA1"},
    "duration": 187.4,
    "end_reason": "customer_hangup",
    "recording": {"enabled": False, "id": "rec_1"},
    "metadata": None,
}


def test_newer_session(vendor, client):
    vendor.script(answer(200, json.dumps(NEWER_SESSION).encode()))
    session = client.session("sess_1")
    assert session == Session(
        id="sess_1",
        status="ended",
        mode="assistive_translation",
        source_language="de",
        provider="telnyx",
        phone_number="+4930901820",
        recording_enabled=True,
        metadata={"from": "+491711234567", "ticket_id": "T-4711"},
        created_at=datetime(2026, 5, 11, 9, 14, 28, tzinfo=UTC),
        started_at=datetime(2026, 5, 11, 9, 14, 35, tzinfo=UTC),
        ended_at=datetime(2026, 5, 11, 9, 17, 42, tzinfo=UTC),
    )
    assert TOKEN not in repr(session)


def test_older_session(vendor, client):
    vendor.script(answer(200, json.dumps(OLDER_SESSION).encode()))
    assert client.session("sess_1") == Session(
        id="sess_1",
        status="ending",
        provider="twilio",
        phone_number="+15550100",
        duration=187.4,
        recording_enabled=False,
        end_reason="customer_hangup",
    )


def test_end_summary_duration():
    assert parsing.session({"id": "sess_1", "duration_seconds": 12}, "sess_1").duration == 12.0


def test_values_are_frozen_and_slotted():
    session = Session(id="sess_1")
    with pytest.raises(FrozenInstanceError):
        session.status = "x"
    assert not hasattr(session, "__dict__")


def test_recording(vendor, client):
    vendor.script(
        answer(
            200,
            b'{"id":"rec_1","object":"recording","session_id":"sess_1","channel":"agent",'
            b'"status":"ready","duration":187.4,"format":"mp3","size":1499200,"sample_rate":8000,'
            b'"bit_depth":16,"download_url":"/v1/recordings/rec_1/audio",'
            b'"created_at":"2026-05-11T09:17:42Z","expires_at":"2026-06-10T09:17:42Z"}',
        )
    )
    assert client.recording("rec_1") == Recording(
        id="rec_1",
        session_id="sess_1",
        channel="agent",
        status="ready",
        duration=187.4,
        format="mp3",
        size=1499200,
        sample_rate=8000,
        bit_depth=16,
        created_at=datetime(2026, 5, 11, 9, 17, 42, tzinfo=UTC),
        expires_at=datetime(2026, 6, 10, 9, 17, 42, tzinfo=UTC),
    )


def test_recording_with_an_id_alone():
    assert parsing.recording({"id": "rec_1"}, "rec_1") == Recording(id="rec_1", channel="mixed")


@pytest.mark.parametrize("told", ['"rec_2"', "null", "5", '"REC_1"', '["rec_1"]'])
def test_answer_about_another_object(vendor, client, fails, told):
    vendor.script(answer(200, b'{"id": %s}' % told.encode()))
    with fails(errors.BadAnswer, reason="vendor_other_object"):
        client.recording("rec_1")


NO_NUMBERS = ["NaN", "-Infinity", "1e999", "-1", '"187.4"', "true", "null", "[]", "{}", "9" * 5000]


@pytest.mark.parametrize("text", [*NO_NUMBERS, "1e300", "9" * 20])
@pytest.mark.parametrize("name", ["duration", "size", "sample_rate", "bit_depth"])
def test_no_number(vendor, client, text, name):
    vendor.script(answer(200, b'{"id":"rec_1","%s":%s}' % (name.encode(), text.encode())))
    assert getattr(client.recording("rec_1"), name) is None


@pytest.mark.parametrize(("text", "size"), [("5.0", 5), ("0", 0), ("5.5", None)])
def test_whole_numbers(text, size):
    assert parsing.recording({"id": "rec_1", "size": json.loads(text)}, "rec_1").size == size


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-05-11",
        "99999-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "1969-12-31T23:59:59Z",
        "2026-05-11T09:17:42+99:99",
        "\u0662\u0660\u0662\u0666-05-11T09:17:42Z",
        "2026-W20-1T00:00:00Z",
        "2" * 100_000,
        1778491063,
        True,
        None,
        {},
    ],
)
def test_no_time(value):
    assert parsing.recording({"id": "rec_1", "expires_at": value}, "rec_1").expires_at is None


@pytest.mark.parametrize(
    ("value", "microsecond"),
    [
        ("2026-05-11T09:17:42Z", 0),
        ("2026-05-11t09:17:42z", 0),
        ("2026-05-11T11:17:42+02:00", 0),
        ("2026-05-11 09:17:42", 0),
        ("2026-05-11T09:17:42.25Z", 250_000),
        ("2026-05-11T09:17:42.123456789Z", 123_456),
    ],
)
def test_time(value, microsecond):
    moment = datetime(2026, 5, 11, 9, 17, 42, microsecond, tzinfo=UTC)
    got = parsing.recording({"id": "rec_1", "created_at": value}, "rec_1").created_at
    assert got == moment
    assert got.utcoffset().total_seconds() == 0


@pytest.mark.parametrize("value", [5, None, [], {"a": 1}, "", "x" * 65, "a\nb", "a\x00", "\ud800"])
def test_no_word(value):
    recording = parsing.recording({"id": "rec_1", "status": value, "channel": value}, "rec_1")
    assert (recording.status, recording.channel) == (None, "mixed")


def test_unknown_words_are_kept():
    fields = {"id": "rec_1", "status": "being_archived", "channel": "supervisor", "format": "opus"}
    recording = parsing.recording(fields, "rec_1")
    assert (recording.status, recording.channel, recording.format) == (
        "being_archived",
        "supervisor",
        "opus",
    )


@pytest.mark.parametrize("value", ["sess_1/../..", 5, "rec_1", "sess_" + "a" * 65])
def test_unusable_session_id(value):
    assert parsing.recording({"id": "rec_1", "session_id": value}, "rec_1").session_id is None


def test_metadata_can_be_stored():
    raw = b'{"id":"sess_1","metadata":{"a\\u0000":"x\\ud800y","b":[1e999,NaN,{"c":"\\u00fc"}]}}'
    metadata = parsing.session(parsing.json_object(raw), "sess_1").metadata
    assert metadata == {"a\ufffd": "x\ufffdy", "b": [None, None, {"c": "\u00fc"}]}
    json.dumps(metadata, allow_nan=False).encode()


def test_endless_metadata_is_cut():
    long = "x" * 1_000_000
    told = {"from": long, long: 1, long + "y": 2, "many": list(range(5_000)), "late": "no"}
    raw = json.dumps({"id": "sess_1", "metadata": told, "status": long}).encode()
    session = parsing.session(parsing.json_object(raw), "sess_1")
    assert session.status is None
    assert session.metadata["from"] == "x" * 999 + "…"
    assert session.metadata["x" * 99 + "…"] == 1
    assert session.metadata["many"][:3] == [0, 1, 2]
    assert "late" not in session.metadata
    assert len(json.dumps(session.metadata)) < 5_000


def test_endless_texts_of_a_transcript_are_cut():
    told = {
        "turns": [{"text": "y" * 1_000_000, "translation": {"text": "z" * 1_000_000}}],
        "metadata": {"languages_detected": [f"l{n}" for n in range(1_000)]},
    }
    transcript = parsing.transcript(told, "sess_1")
    assert len(transcript.turns[0].text) == len(transcript.turns[0].translation) == 20_000
    assert len(transcript.languages) == 20


def test_deep_metadata_is_cut():
    raw = b'{"id":"sess_1","metadata":{"a":' + b"[" * 200 + b"]" * 200 + b"}}"
    metadata = parsing.session(parsing.json_object(raw), "sess_1").metadata
    assert json.dumps(metadata).count("[") < 20


@pytest.mark.parametrize(
    "fields",
    [
        {name: value for name in NEWER_SESSION if name != "id"}
        for value in (None, 5, True, [], {}, "\x00", [{"a": []}], {"enabled": 1, "type": []})
    ],
)
def test_wrong_types_everywhere_are_no_exception(fields):
    session = parsing.session({**fields, "id": "sess_1"}, "sess_1")
    assert session.created_at is None
    assert session.recording_enabled is None
    repr(session)


def test_package_knows_neither_django_nor_the_portal():
    code = (
        "import sys, recordings.kallglot\n"
        "ours = [m for m in sys.modules if m.partition('.')[0] == 'django'\n"
        "        or m.startswith(('recordings.', 'kallglot_portal'))\n"
        "        and not m.startswith('recordings.kallglot')]\n"
        "sys.exit(str(ours) if ours else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
