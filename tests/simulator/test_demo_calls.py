"""The demo's calls: stable, varied, and consistent with their sound."""

import io
import json
import re
import wave
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from recordings.simulator import Simulator, demo_calls, demo_session_ids
from recordings.simulator.data import DEMO_CALLS
from recordings.simulator.spoken import SPEECH, dialogue
from tests.simulator.conftest import EPOCH, Caller

BY_NAME = {demo.name: demo.session_id for demo in DEMO_CALLS}
FRAME = 0.072
ID = re.compile(r"(sess|rec)_[A-Za-z0-9_-]{1,64}")


def test_two_starts_with_the_same_epoch_answer_alike():
    # A recent one: of an old epoch everything has expired.
    epoch = datetime.now(UTC) - timedelta(hours=1)
    seen = []
    for _ in range(2):
        with Simulator(epoch=epoch) as vendor:
            ask = Caller(vendor)
            lists = [ask.get(f"/sessions/{i}/recordings").json() for i in demo_session_ids()]
            file = ask.get("/recordings/rec_01HABC987654321/audio").content
            ask.session.close()
        seen.append((lists, file))
    assert seen[0] == seen[1]


def test_ids_depend_on_nothing():
    first, later = demo_calls(EPOCH), demo_calls(EPOCH + timedelta(days=400))
    assert [call.id for call in first] == [call.id for call in later] == demo_session_ids()
    ids = [call.id for call in first]
    ids += [recording.id for call in first for recording in call.recordings]
    assert len(ids) == len(set(ids))
    assert all(ID.fullmatch(name) for name in ids)
    # Written down here, because people keep them in bookmarks.
    assert BY_NAME["missing parcel"] == "sess_01HXYZ123456789"
    assert BY_NAME["an hour long"] == "sess_01KE5EADYFEVMFSM63BRRZ1SZT"


def test_times_count_back_from_the_epoch():
    for call in demo_calls(EPOCH):
        assert call.created_at <= call.started_at <= EPOCH
        assert call.ended_at is None or call.started_at < call.ended_at <= EPOCH
        assert call.started_at.microsecond == 0


def test_there_are_many_language_pairs():
    pairs = {(call.source_language, call.target_language) for call in demo_calls(EPOCH)}
    assert len(pairs) == 8


def test_each_special_call_is_what_it_shows(demo, ask_demo):
    def data(name):
        return ask_demo.get(f"/sessions/{BY_NAME[name]}/recordings").json()["data"]

    def audio(name):
        return ask_demo.get(f"/recordings/{data(name)[0]['id']}/audio")

    assert [item["channel"] for item in data("paused and resumed")] == [
        *("mixed", "agent", "customer"),
        *("mixed", "agent", "customer"),
    ]
    assert data("not recorded") == data("in progress") == []
    session = ask_demo.get(f"/sessions/{BY_NAME['not recorded']}").json()
    assert session["recording"] == {"enabled": False}
    assert data("failed")[0]["status"] == "failed"
    assert audio("expired").status_code == 410
    assert audio("expiring soon").status_code == 200
    demo.advance(7200)
    assert audio("expiring soon").status_code == 410


def test_the_processing_call_waits_until_somebody_looks(demo, ask_demo):
    def statuses():
        listed = ask_demo.get(f"/sessions/{BY_NAME['still processing']}/recordings").json()
        return {item["status"] for item in listed["data"]}

    for _ in range(3):
        assert statuses() == {"processing"}
        demo.advance(3600)
    assert statuses() == {"processing"}
    demo.advance(19)
    assert statuses() == {"processing"}
    demo.advance(2)
    assert statuses() == {"ready"}


def test_a_demo_that_is_started_again_has_nothing_left_to_prepare():
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with Simulator(epoch=long_ago) as again:
        caller = Caller(again)
        listed = caller.get(f"/sessions/{BY_NAME['still processing']}/recordings").json()
        caller.session.close()

    assert {item["status"] for item in listed["data"]} == {"ready"}


def test_the_hour_is_an_hour_in_every_file(demo, ask_demo):
    for item in ask_demo.get(f"/sessions/{BY_NAME['an hour long']}/recordings").json()["data"]:
        assert item["duration"] >= 3600
        rate = 4000 if item["format"] == "mp3" else 16000
        assert abs(item["size"] / rate - item["duration"]) < 0.1
    demo.options.range = True
    middle = ask_demo.get(
        f"/recordings/{demo.call(BY_NAME['an hour long']).recordings[0].id}/audio",
        headers={"Range": f"bytes={288 * 30000}-{288 * 30000 + 287}"},
    )
    assert middle.content[:2] == b"\xff\xe3"


def test_metadata_has_names_beyond_ascii_and_text_that_looks_like_html(demo, ask_demo):
    metadata = ask_demo.get(f"/sessions/{BY_NAME['new password']}").json()["metadata"]
    assert metadata["customer_name"].startswith("<img src=x onerror=")
    assert not all(
        (call.metadata or {}).get("customer_name", "").isascii() for call in demo_calls(EPOCH)
    )


def test_turns_lie_within_the_recordings(demo):
    for call in demo.calls:
        for recording in call.recordings:
            end = (recording.created_at - call.started_at).total_seconds()
            assert 0 < recording.duration <= end + 1
        starts = [turn.start for turn in call.turns]
        assert starts == sorted(starts)
        assert all(0 < turn.start < turn.end <= call.duration + 0.6 for turn in call.turns)


def folders():
    return sorted(path.parent for path in SPEECH.glob("*/call.json"))


def test_the_speech_is_small():
    assert len(folders()) == 8
    assert sum(path.stat().st_size for path in SPEECH.rglob("*") if path.is_file()) < 6_000_000


def frame_count(data, frame_size, header):
    assert len(data) % frame_size == 0
    assert all(data[at : at + 3] == header for at in range(0, len(data), frame_size))
    return len(data) // frame_size


def test_every_file_lasts_as_long_as_the_manifest_says():
    for folder in folders():
        manifest = json.loads((folder / "call.json").read_text("utf-8"))
        assert 20 <= manifest["duration"] <= 60
        clip = dialogue(folder.name).whole()
        mixed = (folder / "mixed.mp3").read_bytes()
        assert frame_count(mixed, 288, b"\xff\xe3\x48") == manifest["frames"]
        assert round(manifest["frames"] * FRAME, 3) == clip.duration == manifest["duration"]
        for channel in ("agent", "customer"):
            mp3 = (folder / f"{channel}.mp3").read_bytes()
            assert frame_count(mp3, 144, b"\xff\xe3\x28") == manifest["frames"]
            source = clip.leg(channel)
            with wave.open(io.BytesIO(b"".join(source.blocks(0, source.size)))) as wav:
                shape = (wav.getframerate(), wav.getsampwidth(), wav.getnchannels())
                assert shape == (8000, 2, 1)
                assert abs(wav.getnframes() / 8000 - manifest["duration"]) < 0.001


def loudness(samples, start, end):
    """The mean distance from silence in the 16-bit samples between two seconds."""
    part = memoryview(samples)[44:].cast("h")[int(start * 8000) : int(end * 8000)]
    return sum(map(abs, part)) / max(1, len(part))


def test_turns_are_where_the_voice_is():
    for folder in folders():
        spoken = dialogue(folder.name)
        legs = {
            name: b"".join(spoken.whole().leg(name).blocks(0, 1 << 30))
            for name in ("agent", "customer")
        }
        for turn in spoken.turns:
            assert loudness(legs[turn.speaker], turn.start, turn.end) > 500
        for speaker, samples in legs.items():
            ends = [0.0] + [turn.end for turn in spoken.turns if turn.speaker == speaker]
            starts = [turn.start for turn in spoken.turns if turn.speaker == speaker]
            for end, start in zip(ends, starts, strict=False):
                # The manifest's milliseconds are rounded: a sample of the voice may slip in.
                assert loudness(samples, end, start) < 2


def test_some_talk_over_each_other():
    turns = [dialogue(folder.name).turns for folder in folders()]
    assert all(any(b.start < a.end for a, b in pairwise(t)) for t in turns)


def test_one_call_has_mulaw_legs(demo, ask_demo):
    call = demo.call(BY_NAME["new password"])
    body = ask_demo.get(f"/recordings/{call.recordings[1].id}/audio").content
    assert body[20:22] == b"\x07\x00"
    assert abs((len(body) - 44) / 8000 - call.recordings[1].duration) < 0.1
