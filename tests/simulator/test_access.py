"""The key, the headers of an authenticated answer, methods, and the allowance."""

import pytest
import requests


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_either_header_carries_the_key(vendor, header):
    value = f"Bearer {vendor.key}" if header == "Authorization" else vendor.key
    answer = requests.get(f"{vendor.url}/sessions/sess_known", headers={header: value}, timeout=20)
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk_live_wrong"}])
def test_a_wrong_key_is_401_in_the_envelope(vendor, headers):
    answer = requests.get(f"{vendor.url}/sessions/sess_known", headers=headers, timeout=20)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer.headers["X-Request-ID"].startswith("req_")
    assert "X-RateLimit-Limit" not in answer.headers


def test_authenticated_answers_tell_of_limits_and_credits(ask):
    headers = ask.get("/sessions/sess_known").headers
    assert {"X-Request-ID", "X-API-Credits-Remaining", "X-API-Credits-Used"} <= headers.keys()
    assert int(headers["X-RateLimit-Remaining"]) < int(headers["X-RateLimit-Limit"])


def test_the_allowance_runs_out_with_429_and_a_wait(ask, vendor):
    vendor.options.rate_limit = 2
    statuses = [ask.get("/recordings/rec_known_mixed").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = ask.get("/sessions/sess_known/recordings")
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert refused.json()["error"]["retry_after"] == int(refused.headers["Retry-After"])
    assert ask.get("/sessions/sess_known").status_code == 200


def test_head_is_405_unless_it_mirrors_get(vendor):
    url = f"{vendor.url}/recordings/rec_known_mixed/audio"
    assert requests.head(url, headers=vendor.auth, timeout=20).status_code == 405
    vendor.options.head = "mirror"
    answer = requests.head(url, headers=vendor.auth, timeout=20)
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, "10000")


def test_other_methods_are_405(vendor):
    url = f"{vendor.url}/recordings/rec_known_mixed"
    assert requests.delete(url, headers=vendor.auth, timeout=20).status_code == 405


@pytest.mark.parametrize(
    ("body", "content"), [("html", "text/html; charset=utf-8"), ("empty", None)]
)
def test_errors_may_come_as_a_page_or_empty(ask, vendor, body, content):
    vendor.options.error_body = body
    answer = ask.get("/sessions/sess_no")
    assert answer.status_code == 404
    assert answer.headers.get("Content-Type") == content


def test_a_connection_serves_several_requests(ask, vendor):
    for _ in range(5):
        ask.get("/sessions/sess_known")
    assert vendor.open_connections == 1


def test_the_log_knows_what_was_asked_and_sent(ask, vendor):
    ask.get("/recordings/rec_known_mixed/audio?x=1")
    ask.get("/sessions/sess_no")
    audio = vendor.requests[0]
    assert (audio.method, audio.path) == ("GET", "/v1/recordings/rec_known_mixed/audio")
    assert (audio.query, audio.status, audio.sent) == ("x=1", 200, 10_000)
    assert audio.headers["authorization"] == f"Bearer {vendor.key}"
    assert vendor.requests.count("/audio") == 1
    assert vendor.requests.wait_until(lambda log: len(log) == 2 and log[1].done)
    vendor.requests.clear()
    assert len(vendor.requests) == 0
