"""What a key may not have: by scope, by id, by group of the rate limit, by parameter."""

import pytest

from recordings.simulator import make_call

SESSION = "/sessions/sess_known"
LIST = f"{SESSION}/recordings"
TRANSCRIPT = f"{SESSION}/transcript"
RECORDING = "/recordings/rec_known_mixed"


def statuses(ask, *paths) -> list[int]:
    return [ask.get(path).status_code for path in paths]


@pytest.mark.parametrize("status", [403, 402, 401])
def test_a_key_without_a_scope_is_refused(ask, vendor, status):
    vendor.options.update({"scopes": "recordings:read", "scope_status": status})
    assert statuses(ask, SESSION, TRANSCRIPT) == [status] * 2
    assert statuses(ask, LIST, RECORDING, f"{RECORDING}/audio") == [200] * 3

    vendor.options.update({"scopes": "sessions:read"})
    assert statuses(ask, LIST, RECORDING, f"{RECORDING}/audio") == [status] * 3
    assert statuses(ask, SESSION) == [200]


def test_transcripts_may_need_another_scope(ask, vendor):
    vendor.options.transcript_scope = "analysis:read"
    assert statuses(ask, SESSION, TRANSCRIPT) == [200, 403]


def test_one_id_is_refused(ask, vendor):
    vendor.faults.add("status", "/rec_known_mixed/audio", status=403, code="some_code")
    answer = ask.get(f"{RECORDING}/audio")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "some_code")
    assert statuses(ask, RECORDING, "/recordings/rec_known_agent/audio") == [200, 200]


def test_the_session_group_has_a_limit_of_its_own(ask, vendor):
    vendor.options.session_rate_limit = 2
    assert statuses(ask, SESSION, SESSION, SESSION) == [200, 200, 429]
    refused = ask.get(TRANSCRIPT)
    assert (refused.status_code, refused.headers["X-RateLimit-Limit"]) == (429, "2")
    assert int(refused.headers["Retry-After"]) > 0
    assert statuses(ask, LIST, RECORDING) == [200, 200]


def test_the_list_of_a_session_without_recordings_may_be_404(ask, vendor):
    vendor.add_call(make_call("sess_silent"))
    assert statuses(ask, "/sessions/sess_silent/recordings") == [200]
    vendor.options.empty_list_status = 404
    assert statuses(ask, "/sessions/sess_silent", "/sessions/sess_silent/recordings") == [200, 404]


def test_unknown_parameters_may_be_refused(ask, vendor):
    odd = (f"{LIST}?limit=5", f"{RECORDING}/audio?format=wav", f"{SESSION}?x=1")
    assert statuses(ask, *odd) == [200] * 3
    vendor.options.unknown_parameters = "400"
    assert statuses(ask, *odd) == [400] * 3
    assert statuses(ask, f"{LIST}?channel=agent") == [200]
    vendor.options.generation = "newer"
    assert statuses(ask, f"{LIST}?channel=agent") == [400]
    vendor.options.paging = "cursor"
    assert statuses(ask, f"{LIST}?limit=5") == [200]
