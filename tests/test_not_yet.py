"""Kallglot announces a recording before its audio is available, or returns part of a call."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import CallState, Recording, Session
from recordings.services import listening, sync
from recordings.simulator import make_call, noise
from tests.conftest import CALL
from tests.factories import outdate
from tests.pages import notice, rows, text_of
from tests.relay.asking import eventually

AUDIO = "/recordings/rec_new_mixed/audio"


pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def announce(vendor, status="ready", **facts):
    """A call at Kallglot that the portal knows as ready, whatever `status` Kallglot has."""
    vendor.add_call(make_call("sess_new", {"mixed": noise(5_000)}, status=status, **facts))
    session = sync.open_call("sess_new")
    Recording.objects.filter(session=session).update(status="ready")
    return session


def play(clients):
    answer = clients["reviewer"].get(AUDIO)
    return answer.status_code, answer.getvalue()


@pytest.mark.parametrize("status", [404, 202, 409, 425])
def test_audio_that_is_not_there_yet_says_when_to_try_again(status, vendor, clients):
    vendor.options.processing_status = status
    announce(vendor, "processing")
    vendor.requests.clear()

    answer = clients["reviewer"].get(AUDIO)

    assert answer.status_code == 503
    assert answer.text == "Kallglot is still preparing this recording."
    assert answer["Retry-After"] == "5"
    # Kallglot is not asked again before that.
    assert play(clients)[0] == 503
    assert vendor.requests.count("/audio") == 1
    assert Recording.objects.get(kallglot_id="rec_new_mixed").last_error == ""


@pytest.mark.parametrize("status", [404, 409])
def test_it_plays_once_it_is_there_after_the_wait_kallglot_asked_for(status, vendor, clients):
    announce(vendor)
    vendor.faults.add("status", "/audio", status=status, retry_after=1, times=1)

    refused = clients["reviewer"].get(AUDIO)

    assert (refused.status_code, refused["Retry-After"]) == (503, "1")
    assert eventually(lambda: play(clients)[0] == 200)
    assert len(play(clients)[1]) == 5_000


def test_a_404_long_after_the_end_is_no_not_yet(vendor, clients):
    announce(vendor, ended_at=timezone.now() - listening.FRESH_FOR - timedelta(seconds=1))
    vendor.faults.add("status", "/audio", status=404)
    assert play(clients)[0] == 404


def test_a_404_for_what_was_here_before_is_no_not_yet(vendor, clients):
    announce(vendor)
    assert play(clients)[0] == 200
    # Made again, and gone.
    Recording.objects.filter(kallglot_id="rec_new_mixed").update(duration=99.5)
    vendor.faults.add("status", "/audio", status=404)
    assert play(clients)[0] == 404


@pytest.mark.parametrize(("status", "ours"), [(404, 404), (409, 503), (422, 502)])
def test_a_recording_that_failed_meanwhile(status, ours, vendor, clients):
    vendor.options.failed_status = status
    session = announce(vendor, "failed", ended_at=timezone.now() - timedelta(hours=1))

    assert play(clients)[0] == ours

    outdate(session, minutes=11)
    page = clients["reviewer"].get("/sessions/sess_new/")
    assert "Kallglot could not make this recording" in text_of(page.text)
    vendor.requests.clear()
    assert play(clients)[0] == 404
    assert vendor.requests.count() == 0


@pytest.mark.parametrize("fields", ["null", "absent"])
def test_facts_that_come_only_with_the_audio(fields, vendor, clients):
    vendor.options.processing_fields = fields
    vendor.add_call(make_call("sess_new", {"mixed": noise(5_000)}, status="processing"))
    session = sync.open_call("sess_new")
    recording = Recording.objects.get()
    assert (recording.duration, recording.size, recording.expires_at) == (None, None, None)
    page = text_of(clients["reviewer"].get("/sessions/sess_new/").text)
    assert "Kallglot is still preparing the audio." in page

    vendor.add_call(make_call("sess_new", {"mixed": noise(5_000)}))
    outdate(session, minutes=11)
    clients["reviewer"].get("/sessions/sess_new/")
    recording.refresh_from_db()
    assert (recording.duration, recording.size) == (10.0, 5_000)
    assert recording.expires_at
    assert play(clients)[0] == 200


def test_a_size_in_the_metadata_that_is_wrong_changes_nothing(vendor, clients):
    vendor.options.size_mismatch = True
    announce(vendor)
    assert Recording.objects.get().size == 16_000
    status, body = play(clients)
    assert (status, len(body)) == (200, 5_000)


# A part of the API only


def test_a_key_for_recordings_alone_serves_a_pasted_call(vendor, clients):
    vendor.options.scopes = "recordings:read"

    opened = clients["reviewer"].post("/sessions/open", {"ids": CALL}, follow=True)

    assert opened.status_code == 200
    assert len(rows(opened)) == 3
    assert notice(opened) == ""
    assert "Your Kallglot key may read only the recordings of this call." in text_of(opened.text)
    played = clients["reviewer"].get("/recordings/rec_known_mixed/audio")
    assert (played.status_code, len(played.getvalue())) == (200, 10_000)
    assert Session.objects.get().call_state is CallState.READY
    assert clients["reviewer"].post("/sessions/open", {"ids": "rec_known_agent"}).status_code == 302


@pytest.mark.parametrize("status", [404, 410, 409, 202])
def test_a_session_that_is_refused_leaves_its_recordings(status, vendor, clients):
    vendor.faults.add("status", "*/sessions/sess_known", status=status)
    opened = clients["reviewer"].post("/sessions/open", {"ids": CALL}, follow=True)
    assert len(rows(opened)) == 3
    assert "Kallglot says nothing of this call besides its recordings." in text_of(opened.text)


def test_a_session_without_recordings_may_have_no_list(vendor, clients):
    vendor.options.empty_list_status = 404
    ended = timezone.now() - timedelta(hours=1)
    vendor.add_call(make_call("sess_silent", ended_at=ended))
    page = clients["reviewer"].post("/sessions/open", {"ids": "sess_silent"}, follow=True)
    assert page.status_code == 200
    assert "Kallglot lists no recordings for this call." in text_of(page.text)
    assert notice(page) == ""
    assert Session.objects.get().status == "ended"


@pytest.mark.parametrize("status", [403, 404, 409])
def test_a_list_that_is_refused_later_leaves_the_recordings_known(status, vendor, call, clients):
    vendor.faults.add("status", "/sessions/sess_known/recordings", status=status)
    Session.objects.update(mode="")
    outdate(call, minutes=11)

    page = clients["reviewer"].get(f"/sessions/{CALL}/")

    assert len(rows(page)) == 3
    assert "stale since" in notice(page)
    session = Session.objects.get()
    assert session.mode
    assert session.recordings.filter(gone_since=None).count() == 3


def test_a_call_of_which_the_list_may_not_be_read_shows_its_facts(vendor, clients):
    vendor.options.scopes = "sessions:read"
    page = clients["reviewer"].post("/sessions/open", {"ids": CALL}, follow=True)
    assert page.status_code == 200
    assert "Your Kallglot key may not read this call's list of recordings." in notice(page)
    assert "The portal could not read which recordings this call has." in text_of(page.text)
    assert Session.objects.get().call_state is CallState.UNKNOWN
    assert Session.objects.get().phone_number


def test_where_nothing_may_be_read_no_call_is_made(vendor, clients):
    vendor.options.scopes = ""
    page = clients["reviewer"].post("/sessions/open", {"ids": CALL})
    assert page.status_code == 502
    assert "Your Kallglot key may not read this call." in text_of(page.text)
    assert not Session.objects.exists()
