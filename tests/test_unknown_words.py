"""Words for states and channels that are new here, or missing: shown as they are, and playable."""

import pytest

from recordings.models import CallFigures, CallState, LanesState, Recording, Session
from recordings.services import lanes, prefetching, sync
from recordings.simulator import make_call, noise
from tests.audio.files import data
from tests.pages import rows, text_of

ROOM = "/sessions/sess_odd/"
PLACE = "/sessions/sess_odd/listening"

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def bring_in(vendor, channels=("mixed", "agent", "customer"), **call):
    audio = {channel: noise(1_000 + n) for n, channel in enumerate(channels)}
    formats = dict.fromkeys(channels, "mp3")
    vendor.add_call(make_call("sess_odd", audio, formats=formats, **call))
    return sync.open_call("sess_odd")


def told_voices(client) -> dict[str, list[str]]:
    """The recordings of each voice, as the player gets them."""
    voices = client.get(PLACE).json()["voices"]
    return {name: [p["url"].split("/")[2] for p in parts] for name, parts in voices.items()}


def assert_each_plays(client, session):
    for n, recording in enumerate(session.recordings.in_order()):
        assert f'data-recording="{recording.kallglot_id}"' in client.get(ROOM).text
        answer = client.get(f"/recordings/{recording.kallglot_id}/audio")
        assert answer.status_code == 200, n
        answer.getvalue()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("archived", "Kallglot says “archived”, which this version of the portal does not know."),
        ("", "Kallglot does not say whether it is ready."),
    ],
)
def test_an_unknown_or_missing_state_is_said_and_the_audio_plays(status, sentence, vendor, clients):
    if status:
        vendor.faults.add("unknown_status", "/sess_odd/recordings", status=status)
    else:
        vendor.faults.add("missing_fields", "/sess_odd/recordings", fields=["status"])
    session = bring_in(vendor)

    page = clients["lead"].get(ROOM)

    assert len(rows(page)) == 3
    words = text_of(page.text)
    assert words.count(sentence) == 3
    assert "No recordings" not in words
    assert session.call_state is CallState.UNCLEAR
    assert "badge-unclear" in clients["lead"].get("/").text
    assert "badge-empty" not in clients["lead"].get("/").text
    assert 'data-play="sess_odd"' in clients["lead"].get("/").text
    assert_each_plays(clients["lead"], session)
    download = clients["lead"].get("/recordings/rec_odd_agent/download")
    assert (download.status_code, len(download.getvalue())) == (200, 1_001)


def test_a_recording_in_an_unknown_state_is_prefetched_and_measured(vendor, settings):
    settings.PREFETCH_AUDIO = "all"
    vendor.faults.add("unknown_status", "/sess_odd/recordings", status="archived")
    vendor.add_call(make_call("sess_odd", {"mixed": data("cbr-8k-mono.mp3")}, duration=300))
    session = sync.open_call("sess_odd")

    prefetching.fetch_waiting()
    lanes.analyse_wanted()

    assert session.recordings.get().seconds == pytest.approx(20.376, abs=0.001)
    assert session.recordings.get().lanes.state == LanesState.READY
    assert CallFigures.objects.get(session=session).source


def test_a_state_that_is_new_and_without_audio_is_a_clean_refusal(vendor, clients):
    vendor.faults.add("unknown_status", "/sess_odd/recordings", status="quarantined")
    vendor.faults.add("status", "/audio", status=422)
    bring_in(vendor)
    assert clients["lead"].get("/recordings/rec_odd_mixed/audio").status_code == 502


def test_unknown_channels_keep_their_words_and_play(vendor, clients):
    session = bring_in(vendor, ("mixed", "supervisor", "left"))

    page = clients["lead"].get(ROOM)

    assert len(rows(page)) == 3
    assert '<span class="channel channel-supervisor">supervisor</span>' in page.text
    assert told_voices(clients["lead"]) == {
        "mixed": ["rec_odd_mixed"],
        "left": ["rec_odd_left"],
        "supervisor": ["rec_odd_supervisor"],
    }
    assert_each_plays(clients["lead"], session)
    place = {"second": "3", "heard": "0-3"}
    assert clients["lead"].post(PLACE, place | {"channel": "supervisor"}).status_code == 204
    assert clients["lead"].post(PLACE, place | {"channel": "manager"}).status_code == 400


@pytest.mark.parametrize("fields", [["channel"], ["channel", "duration", "status"]])
def test_without_channels_each_recording_is_there_and_plays(fields, vendor, clients):
    vendor.faults.add("missing_fields", "/sess_odd/recordings", fields=fields)
    session = bring_in(vendor)

    assert len(rows(clients["lead"].get(ROOM))) == 3
    voices = told_voices(clients["lead"])
    assert sorted(name for found in voices.values() for name in found) == sorted(
        Recording.objects.values_list("kallglot_id", flat=True)
    )
    if "duration" in fields:
        # Their order is unknown, so none is put after another.
        assert sorted(voices) == ["mixed", "mixed 2", "mixed 3"]
    assert_each_plays(clients["lead"], session)


def test_the_filter_finds_calls_of_an_unknown_state(vendor, clients):
    vendor.faults.add("unknown_status", "/sess_odd/recordings", status="archived")
    bring_in(vendor)
    found = clients["lead"].get("/", {"status": "unclear"})
    assert "sess_odd" in found.text
    assert "sess_odd" not in clients["lead"].get("/", {"status": "empty"}).text
    assert Session.objects.get().call_state.label == "Unknown state"
