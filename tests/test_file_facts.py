"""What a file says of itself replaces Kallglot's word everywhere, once the file was here."""

import html

import pytest

from recordings.models import Session
from recordings.services import listening, room, sync
from recordings.simulator import make_call
from tests.audio.files import data, wav
from tests.audio.odd import odd, rising_tone
from tests.exports.asking import facts

pytestmark = pytest.mark.django_db
GSM = "This recording is a WAV file with GSM 6.10 sound, which browsers cannot play."
EMPTY = "This recording is empty: its file holds no sound."


@pytest.fixture
def told(vendor):
    """A call whose one file Kallglot says is 5 minutes long: `told(content, "mp3")`."""

    def make(content, format, duration=300):
        call = make_call(
            "sess_told", {"mixed": content}, duration=duration, formats={"mixed": format}
        )
        vendor.add_call(call)
        return sync.open_call("sess_told")

    return make


def fetch(session):
    recording = session.recordings.get()
    listening.fetch(recording).close()
    return session.recordings.get()


@pytest.mark.parametrize(
    ("content", "format", "length", "kind", "problem"),
    [
        pytest.param(data("cbr-8k-mono.mp3"), "mp3", 20.376, "mp3", "", id="shorter"),
        pytest.param(data("cbr-8k-mono.mp3"), "wav", 20.376, "mp3", "", id="MP3, not WAV"),
        pytest.param(odd("cut-info-cbr.mp3"), "mp3", 14.976, "mp3", "", id="cut upload"),
        pytest.param(wav(rising_tone(3)), "mp3", 3.0, "wav", "", id="WAV, not MP3"),
        pytest.param(wav(b""), "wav", 0.0, "wav", EMPTY, id="header alone"),
        pytest.param(odd("gsm610.wav"), "wav", 20.0, "wav", GSM, id="GSM in WAV"),
    ],
)
def test_length_and_kind_are_the_files_own_everywhere(
    told, clients, people, content, format, length, kind, problem
):
    session = told(content, format)
    assert session.length_s == 300
    recording = fetch(session)
    session = Session.objects.get(pk=session.pk)
    shown = f"0:{round(length):02}"

    assert (recording.seconds, recording.kind) == (pytest.approx(length, abs=0.001), kind)
    assert session.length_s == recording.seconds
    assert session.formats == f",{kind},"
    assert float(facts(clients["lead"], "sess_told")["length_s"]) == pytest.approx(length, abs=0.01)
    assert f'class="number">{shown}<' in clients["lead"].get("/").content.decode()
    page = html.unescape(clients["lead"].get("/sessions/sess_told/").content.decode())
    assert f'<time datetime="PT{round(length)}S">{shown}</time>' in page
    assert "Kallglot said 5:00" in page

    call = room.playable(session, people["lead"])
    (part,) = call["voices"]["mixed"]
    assert part["url"].endswith(f"/audio.{kind}")
    assert part["duration"] == pytest.approx(length, abs=0.001)
    assert part.get("problem", "") == problem
    remark = f"Mixed: Kallglot said 5:00, the file holds {shown}."
    assert call["remarks"] == [*([f"Mixed: {problem}"] if problem else []), remark]
    assert remark in page


def test_playing_the_whole_file_is_enough_to_know_it(told, clients):
    session = told(data("cbr-8k-mono.mp3"), "wav")
    recording = session.recordings.get()
    listening.relay().fetch(listening._job(recording)).close()
    address = f"/recordings/{recording.kallglot_id}/audio"
    assert clients["lead"].get(address).getvalue() == data("cbr-8k-mono.mp3")
    assert session.recordings.get().kind == "mp3"


def test_what_was_known_of_another_revision_is_forgotten(told, vendor):
    session = told(data("cbr-8k-mono.mp3"), "mp3")
    recording = fetch(session)
    assert recording.is_known
    told(odd("gsm610.wav"), "wav", duration=301)
    sync.refresh("sess_told")
    recording = session.recordings.get()
    assert not recording.is_known
    assert (recording.kind, recording.problem) == ("wav", "")
    assert recording.seconds == 301


def test_a_call_may_be_longer_than_what_was_recorded_of_it(told):
    session = told(data("cbr-8k-mono.mp3"), "mp3", duration=20)
    Session.objects.filter(pk=session.pk).update(duration=300)
    fetch(Session.objects.get(pk=session.pk))
    assert Session.objects.get(pk=session.pk).length_s == 300


@pytest.mark.parametrize("name", ["gsm610.wav", "narrowband.amr", "layer2.mp3", "free-format.mp3"])
def test_the_sound_comes_with_the_reason_why_it_does_not_play(told, clients, name):
    session = told(odd(name), "mp3")
    recording = session.recordings.get()
    for path in ("audio", "download"):
        answer = clients["lead"].get(f"/recordings/{recording.kallglot_id}/{path}")
        assert answer.status_code == 200
        assert answer.headers["X-Unplayable"].endswith("which browsers cannot play.")
        assert answer.getvalue() == odd(name)
    extension = {"narrowband.amr": "amr", "layer2.mp3": "mp2"}.get(name, name.partition(".")[2])
    assert f'.{extension}"' in answer.headers["Content-Disposition"]


def test_webm_leaves_as_webm(told, clients):
    session = told(odd("opus.webm"), "mp3")
    recording = session.recordings.get()
    answer = clients["lead"].get(f"/recordings/{recording.kallglot_id}/audio")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/webm")
    assert "X-Unplayable" not in answer.headers
    assert answer.getvalue() == odd("opus.webm")


def test_what_is_no_audio_is_said_truly_and_not_asked_for_at_once_again(told, clients, vendor):
    session = told(b"<html><title>Login</title></html>" * 300, "mp3")
    recording = session.recordings.get()
    for path in ("audio", "audio", "download"):
        answer = clients["lead"].get(f"/recordings/{recording.kallglot_id}/{path}")
        assert answer.status_code == 502
        assert answer.content.decode() == "What Kallglot sent for this recording is not audio."
    assert vendor.requests.count(f"/recordings/{recording.kallglot_id}/audio") == 1
