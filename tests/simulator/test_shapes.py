"""Lists, sessions, recordings and transcripts in each generation's shape."""

import pytest

from recordings.simulator import make_call, noise

FIRST = "sess_01HXYZ123456789"
LISTED = {
    *("id", "object", "session_id", "channel", "duration", "format", "size"),
    *("status", "created_at", "expires_at"),
}


def test_a_list_has_the_documented_fields(ask_demo):
    answer = ask_demo.get(f"/sessions/{FIRST}/recordings").json()
    assert set(answer) == {"object", "data", "session_id"}
    assert (answer["object"], answer["session_id"]) == ("list", FIRST)
    assert [item["channel"] for item in answer["data"]] == ["mixed", "agent", "customer"]
    assert [item["format"] for item in answer["data"]] == ["mp3", "wav", "wav"]
    for item in answer["data"]:
        assert set(item) == LISTED
        assert item["object"] == "recording"
        assert item["created_at"].endswith("Z")


def test_the_documentation_s_own_ids_are_known(ask_demo):
    data = ask_demo.get(f"/sessions/{FIRST}/recordings").json()["data"]
    assert [item["id"] for item in data] == [
        "rec_01HABC987654321",
        "rec_01HABC987654322",
        "rec_01HABC987654323",
    ]


@pytest.mark.parametrize("channel", ["mixed", "agent", "customer"])
@pytest.mark.parametrize("generation", ["seed", "older"])
def test_channel_filters_the_list(ask, vendor, channel, generation):
    vendor.options.generation = generation
    data = ask.get(f"/sessions/sess_known/recordings?channel={channel}").json()["data"]
    assert [item["channel"] for item in data] == [channel]


def test_an_unknown_channel_is_an_invalid_request(ask):
    assert ask.get("/sessions/sess_known/recordings?channel=left").status_code == 400


def test_the_newer_list_is_one_file_and_knows_no_channel(ask, vendor):
    vendor.options.generation = "newer"
    answer = ask.get("/sessions/sess_known/recordings?channel=agent").json()
    assert set(answer) == {"object", "data"}
    assert [item["id"] for item in answer["data"]] == ["rec_known_mixed"]
    assert set(answer["data"][0]) == LISTED - {"channel", "size", "expires_at"}


def test_there_is_no_list_of_sessions(ask):
    assert ask.get("/sessions").status_code == 404
    assert ask.get("/recordings").status_code == 404


@pytest.mark.parametrize(
    "path", ["/sessions/sess_no", "/sessions/sess_no/recordings", "/recordings/rec_no/audio"]
)
def test_an_unknown_id_is_404_in_the_envelope(ask, path):
    answer = ask.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["request_id"] == answer.headers["X-Request-ID"]


def test_older_errors_name_a_page_instead_of_a_request(ask, vendor):
    vendor.options.generation = "older"
    error = ask.get("/sessions/sess_no").json()["error"]
    assert "request_id" not in error
    assert error["doc_url"].startswith("https://developer.kallglot.com/errors#")


def test_a_recording_adds_sample_rate_and_a_relative_address(ask):
    item = ask.get("/recordings/rec_known_mixed").json()
    assert set(item) == LISTED | {"sample_rate", "bit_depth", "download_url"}
    assert item["download_url"] == "/v1/recordings/rec_known_mixed/audio"
    assert item["size"] == 10_000


def test_session_shapes_differ_by_generation(ask, vendor):
    newer = ask.get("/sessions/sess_known").json()
    assert newer["provider"] == "twilio"
    assert "duration" not in newer
    vendor.options.generation = "older"
    older = ask.get("/sessions/sess_known").json()
    assert older["provider"]["type"] == "twilio"
    assert older["duration"] == 10.0
    assert older["end_reason"] == "completed"


def test_only_an_active_session_carries_a_stream_token(demo, ask_demo):
    sessions = [ask_demo.get(f"/sessions/{call.id}").json() for call in demo.calls]
    with_token = [item for item in sessions if "stream" in item]
    assert [item["status"] for item in with_token] == ["active"]
    assert with_token[0]["stream"]["token"].startswith("kst_")


def test_transcripts_in_both_shapes(demo, ask_demo):
    newer = ask_demo.get(f"/sessions/{FIRST}/transcript").json()
    session = ask_demo.get(f"/sessions/{FIRST}").json()
    assert newer["status"] == "completed"
    assert newer["turns"][0]["timestamp"] == session["started_at"]
    assert newer["turns"][1]["translation"]["language"] == "en"
    demo.options.generation = "older"
    older = ask_demo.get(f"/sessions/{FIRST}/transcript").json()
    assert older["status"] == "complete"
    assert older["segments"][0]["start_time"] == 0.5
    assert isinstance(older["segments"][0]["translation"], str)


def test_a_call_without_words_has_no_transcript(ask):
    assert ask.get("/sessions/sess_known/transcript").status_code == 404


def test_lists_come_whole_unless_paging_is_on(ask, vendor):
    vendor.add_call(make_call("sess_long", {"mixed": noise(100)}, parts=45))
    whole = ask.get("/sessions/sess_long/recordings").json()
    assert len(whole["data"]) == 45
    assert "has_more" not in whole

    vendor.options.paging = "cursor"
    seen, after = [], ""
    for _ in range(3):
        page = ask.get(f"/sessions/sess_long/recordings?starting_after={after}").json()
        seen += [item["id"] for item in page["data"]]
        after = seen[-1]
    assert page["has_more"] is False
    assert seen == [item["id"] for item in whole["data"]]

    vendor.options.paging = "silent"
    silent = ask.get("/sessions/sess_long/recordings").json()
    assert len(silent["data"]) == 20
    assert "has_more" not in silent
