"""Asking for a waveform: it is handed out by the rights of the audio."""

import gzip
import struct
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db.models import signals
from django.utils import timezone

from recordings import tasks
from recordings.models import AuditEvent, CallFigures, Lanes, LanesState, Recording
from recordings.services import lanes
from tests.audio.files import data
from tests.audio.voices import true_spans
from tests.factories import make_recording, make_session

from .known import SPEECH, recording, state_of

WAVEFORM = "/recordings/rec_known_{}/waveform"


def get(client, channel="mixed", **headers):
    return client.get(WAVEFORM.format(channel), headers=headers)


def test_the_first_to_ask_gets_202_and_has_it_made(clients, spoken, asked_for):
    spoken()

    answer = get(clients["reviewer"])

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "1"
    assert asked_for == [tasks.analyse_lanes]
    assert state_of() == LanesState.WANTED


def test_it_is_handed_out_when_the_worker_has_made_it(clients, spoken):
    spoken()
    get(clients["reviewer"])

    tasks.analyse_lanes.call_local()
    answer = get(clients["reviewer"])

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Vary"].split(", ").count("Accept-Encoding") == 1
    version, count, per_second, peaks, duration_ms = struct.unpack_from("<BBHII", answer.content)
    assert (version, count, per_second) == (1, 2, 20)
    assert duration_ms == pytest.approx(true_spans(SPEECH, "agent")[-1][1], abs=10_000)
    assert peaks == -(-duration_ms // 50)
    turns = [len(true_spans(SPEECH, side)) for side in ("agent", "customer")]
    assert list(struct.unpack_from("<2I", answer.content, 12)) == turns


def test_whoever_learns_that_it_is_ready_gets_the_figures_too(clients, spoken):
    spoken()
    seen = []

    def heard(**_):
        seen.append(get(clients["reviewer"]).status_code)

    signals.pre_save.connect(heard, sender=CallFigures)
    try:
        lanes.analyse(recording())
    finally:
        signals.pre_save.disconnect(heard, sender=CallFigures)

    assert seen == [202]
    assert get(clients["reviewer"]).status_code == 200


def test_gzip_is_sent_to_who_takes_it_under_a_tag_of_its_own(clients, spoken):
    spoken()
    lanes.analyse(recording())

    plain = get(clients["reviewer"])
    packed = get(clients["reviewer"], Accept_Encoding="br, gzip;q=0.5")
    refused = get(clients["reviewer"], Accept_Encoding="gzip;q=0")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content == refused.content
    assert len(packed.content) == int(packed.headers["Content-Length"]) < len(plain.content)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["ETag"] == refused.headers["ETag"] != packed.headers["ETag"]
    assert not packed.headers["ETag"].startswith("W/")


def test_what_one_has_is_not_sent_again(clients, spoken):
    spoken()
    lanes.analyse(recording())
    etag = get(clients["reviewer"]).headers["ETag"]

    answer = get(clients["reviewer"], If_None_Match=f'"other", {etag}')

    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["ETag"] == etag
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert get(clients["reviewer"], If_None_Match='"other"').status_code == 200


def test_head_tells_the_same_without_the_bytes(clients, spoken):
    spoken()
    lanes.analyse(recording())

    answer = clients["reviewer"].head(WAVEFORM.format("mixed"))

    assert answer.status_code == 200
    assert answer.headers["ETag"] == get(clients["reviewer"]).headers["ETag"]


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"status": "processing"}, 409),
        ({"status": "failed"}, 404),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, 410),
        ({"gone_since": timezone.now()}, 404),
    ],
    ids=["processing", "failed", "expired", "missing"],
)
def test_without_audio_there_is_no_waveform_even_if_one_was_made(
    facts, status, clients, spoken, asked_for
):
    spoken()
    lanes.analyse(recording())
    Recording.objects.filter(channel="mixed").update(**facts)

    answer = get(clients["reviewer"])

    assert answer.status_code == status
    assert asked_for == []


def test_what_cannot_be_decoded_is_404_with_a_sentence(clients, spoken):
    spoken(agent=data("gsm610-8k.wav"))
    lanes.analyse(recording("agent"))

    answer = get(clients["reviewer"], "agent")

    assert answer.status_code == 404
    assert answer.text == (
        "There is no waveform of this recording. "
        "WAV files with GSM 6.10 sound cannot be decoded here."
    )


def test_strangers_get_404_and_the_trail_a_row(clients, other_team):
    make_recording(make_session(team=other_team), "rec_known_mixed")

    answer = get(clients["reviewer"])

    assert answer.status_code == 404
    assert Lanes.objects.count() == 0
    event = AuditEvent.objects.get()
    assert (event.outcome, event.reason) == ("refused", "not_visible")


def test_seeing_without_listening_is_403(clients, people, spoken):
    spoken()
    seeing = Permission.objects.get(codename="view_session", content_type__app_label="recordings")
    people["stranger"].user_permissions.add(seeing)

    assert get(clients["stranger"]).status_code == 403
    assert Lanes.objects.count() == 0
