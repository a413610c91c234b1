"""The control endpoint, for browsers, benchmarks and people."""

import pytest

AUDIO = "/recordings/rec_known_mixed/audio"


def test_it_shows_the_state_without_a_key(ask, vendor):
    state = ask.control("GET").json()
    assert state["url"] == vendor.url
    assert state["options"]["generation"] == "seed"
    assert state["sessions"] == ["sess_known"]
    assert (state["faults"], state["requests"]) == ([], 0)


def test_options_are_set(ask):
    ask.control("POST", "options", {"range": True, "generation": "newer"})
    assert ask.get(AUDIO, headers={"Range": "bytes=0-4"}).status_code == 206


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("options", {"generation": "future"}),
        ("options", {"colour": 1}),
        ("options", {"range": "off"}),
        ("options", {"latency_ms": -1}),
        ("options", {"bandwidth": "fast"}),
        ("faults", {"kind": "nonsense"}),
        ("faults", {"path": "/audio"}),
        ("advance", {}),
        ("webhook", {}),
    ],
)
def test_bad_input_is_400_with_a_sentence(ask, name, given):
    answer = ask.control("POST", name, given)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_faults_are_set_added_and_cleared(ask):
    ask.control("POST", "faults", [{"kind": "status", "path": "/audio", "status": 503}])
    ask.control("POST", "faults/add", {"kind": "no_id", "path": "/sessions"})
    assert ask.get(AUDIO).status_code == 503
    faults = ask.control("GET", "faults").json()["faults"]
    assert [(fault["kind"], fault["hits"]) for fault in faults] == [("status", 1), ("no_id", 0)]
    # What is read can be written back.
    assert ask.control("POST", "faults", faults).status_code == 200
    ask.control("DELETE", "faults")
    assert ask.get(AUDIO).status_code == 200


def test_the_log_is_read_and_reset(ask):
    ask.get(AUDIO)
    (entry,) = ask.control("GET", "requests").json()
    assert (entry["method"], entry["status"], entry["sent"]) == ("GET", 200, 10_000)
    assert len(ask.control("DELETE", "requests").json()) == 1
    assert ask.control("GET", "requests").json() == []


def test_reset_forgets_faults_and_requests(ask):
    ask.control("POST", "faults", {"kind": "status"})
    ask.get(AUDIO)
    state = ask.control("POST", "reset").json()
    assert (state["faults"], state["requests"]) == ([], 0)


def test_the_clock_can_be_put_forward(ask):
    ask.control("POST", "advance", {"seconds": 31 * 86400})
    assert ask.get(AUDIO).status_code == 410


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_name_is_404(ask, method):
    assert ask.control(method, "nothing").status_code == 404
