"""Transcripts as files: whole, for those who may have them, and on record."""

import csv
import io
import json

import pytest
from django.db import DatabaseError

from recordings.models import AuditEvent
from recordings.services import audit
from tests.conftest import CALL
from tests.factories import make_session

from .subtitles import vtt_cues

PATH = f"/sessions/{CALL}/transcript"
KINDS = {
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


def test_every_kind_is_an_attachment_with_its_type_and_a_telling_name(clients, kept):
    for kind, content_type in KINDS.items():
        answer = clients["lead"].get(f"{PATH}.{kind}")

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == content_type
        name = f"2026-03-26_1104_{CALL}_transcript_both.{kind}"
        assert f'attachment; filename="{name}"' in answer.headers["Content-Disposition"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_text(clients, kept):
    assert clients["lead"].get(f"{PATH}.txt").text == (
        f"Transcript of {CALL}\nCall of 2026-03-26 11:04 (UTC)\n\n"
        "[0:00] Customer (de): Grüß Gott.\n    (en) Hello.\n"
        "[1:02:05] Customer (de): Mein Paket fehlt.\n"
    )


def test_webvtt(clients, kept):
    assert clients["lead"].get(f"{PATH}.vtt").text == (
        "WEBVTT\n\n1\n00:00:00.400 --> 00:00:02.100\n"
        "<v Customer><lang de>Grüß Gott.</lang>\n<lang en>Hello.</lang>\n\n"
        "2\n01:02:05.000 --> 01:02:06.500\n<v Customer><lang de>Mein Paket fehlt.</lang>\n"
    )


def test_subrip(clients, kept):
    assert clients["lead"].get(f"{PATH}.srt").text == (
        "1\n00:00:00,400 --> 00:00:02,100\nCustomer: Grüß Gott.\nHello.\n\n"
        "2\n01:02:05,000 --> 01:02:06,500\nCustomer: Mein Paket fehlt.\n"
    )


def test_csv(clients, kept):
    content = clients["lead"].get(f"{PATH}.csv").content

    assert content.startswith(b"\xef\xbb\xbfnumber,")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[0] == {
        "number": "1",
        "start_s": "0.4",
        "end_s": "2.1",
        "speaker": "customer",
        "language": "de",
        "original": "Grüß Gott.",
        "translation_language": "en",
        "translation": "Hello.",
    }
    assert len(rows) == 2


def test_json(clients, kept):
    answer = json.loads(clients["lead"].get(f"{PATH}.json").content)

    turns = answer.pop("turns")
    assert answer == {
        "session_id": CALL,
        "started_at": "2026-03-26T11:04:00+00:00",
        "duration_s": 61.5,
        "languages": ["de", "en"],
        "complete": True,
        "approximate_times": False,
    }
    assert turns[1] == {
        "number": 2,
        "start_s": 3725.0,
        "end_s": 3726.5,
        "speaker": "customer",
        "language": "de",
        "original": "Mein Paket fehlt.",
        "translation_language": "en",
        "translation": None,
    }


@pytest.mark.parametrize(
    ("query", "original", "translation"),
    [
        ("", True, True),
        ("?text=both", True, True),
        ("?text=original", True, False),
        ("?text=translation", False, True),
        ("?text=%00", True, True),
        ("?text=ORIGINAL", True, True),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_the_words_wanted_are_the_words_given(kind, query, original, translation, clients, kept):
    text = clients["lead"].get(f"{PATH}.{kind}{query}").text

    assert ("Paket" in text) == original
    assert ("Hello" in text) == translation


def test_approximate_times_are_said(clients, keep):
    keep([("a", "b", 1.0, 2.0)], approximate=True)

    assert "right to about a second" in clients["lead"].get(f"{PATH}.txt").text
    assert len(vtt_cues(clients["lead"].get(f"{PATH}.vtt").text)) == 1
    assert json.loads(clients["lead"].get(f"{PATH}.json").content)["approximate_times"] is True


def test_turns_of_one_second_share_the_time_until_the_next(clients, keep):
    keep(
        [
            ("early", "", 0.0, 30.0),  # stamped before the start, told last
            ("one", "", 4.0, 4.0),
            ("two", "", 4.0, 10.0),
            ("three", "", 10.0, 30.0),
        ],
        approximate=True,
    )

    found = vtt_cues(clients["lead"].get(f"{PATH}.vtt").text)

    assert [(start, end) for start, end, _ in found] == [(0, 4), (4, 7), (7, 10), (10, 30)]


def test_turns_with_exact_times_may_overlap(clients, keep):
    keep([("one", "", 4.0, 9.0), ("two", "", 5.0, 6.0)])

    found = vtt_cues(clients["lead"].get(f"{PATH}.vtt").text)

    assert [(start, end) for start, end, _ in found] == [(4, 9), (5, 6)]


def test_turns_without_times_keep_their_place(clients, keep):
    keep([("one", "", 5.0, 9.0), ("two", "", None, None), ("three", "", 20.0, 21.0)])

    found = vtt_cues(clients["lead"].get(f"{PATH}.vtt").text)

    assert [start for start, _, _ in found] == [5.0, 9.0, 20.0]
    assert "\nCustomer (de): two\n" in clients["lead"].get(f"{PATH}.txt").text


def test_rights(clients, kept, people):
    answers = {role: clients[role].get(f"{PATH}.vtt").status_code for role in clients}

    assert answers == {
        "anonymous": 401,
        "stranger": 404,
        "reviewer": 403,
        "lead": 200,
        "administrator": 200,
    }


def test_every_export_and_refusal_is_on_record(clients, kept):
    clients["reviewer"].get(f"{PATH}.vtt")
    clients["lead"].get(f"{PATH}.csv?text=original")
    clients["lead"].head(f"{PATH}.csv")

    rows = AuditEvent.objects.order_by("pk").values_list(
        "user_name", "action", "outcome", "session_id_text", "recording_id_text", "reason"
    )
    assert list(rows) == [
        ("reviewer", "export", "refused", CALL, "", "transcript vtt both"),
        ("lead", "export", "done", CALL, "", "transcript csv original"),
    ]
    assert audit.first_broken_row() is None


def test_without_the_trail_nothing_is_handed_out(clients, kept, monkeypatch):
    def fail(*_args, **_kwargs):
        raise DatabaseError

    monkeypatch.setattr(audit, "record", fail)

    answer = clients["lead"].get(f"{PATH}.txt")

    assert answer.status_code == 503
    assert "Grüß" not in answer.text


@pytest.mark.parametrize("path", [f"{PATH}.exe", f"{PATH}.", f"{PATH}.vtt/", f"{PATH}.VTT"])
def test_other_kinds_are_not_found(path, clients, kept):
    assert clients["lead"].get(path).status_code == 404


def test_a_call_without_a_transcript_has_no_file(clients, db):
    make_session(CALL)

    assert clients["lead"].get(f"{PATH}.txt").status_code == 404
