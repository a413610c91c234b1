"""Webhooks: signature, headers, repeats, order and retries, received over HTTP."""

import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from recordings.simulator.webhooks import RETRY_DELAYS, event, events_of, send, sign

SECRET = "kg_test_signing_secret_0001"

VECTOR_A = (
    b'{"id":"evt_01J9ZQ4T7M2K8W","type":"session.ended","api_version":"v1",'
    b'"created_at":"2026-05-11T09:17:42Z","data":{"id":"sess_01J9ZPXC3V5N6R",'
    b'"object":"session","status":"ended","duration":187.4}}'
)
VECTOR_B = (
    '{"id":"evt_01J9ZQ5B0D4F6H","type":"recording.ready","api_version":"v1",'
    '"created_at":"2026-05-11T09:17:51Z","data":{"id":"rec_01J9ZQ58A1B2C3",'
    '"object":"recording","session_id":"sess_01J9ZPXC3V5N6R","note":"Grüße \N{EN DASH} ok"}}'
).encode()


class Receiver:
    """Takes webhooks; answers with `statuses` in turn, then 200."""

    def __init__(self):
        self.received = []
        self.statuses = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/kallglot"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def event_ids(self):
        return [body.split(b'"')[3].decode() for _, body in self.received]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.mark.parametrize(
    ("body", "size", "at", "mac"),
    [
        (
            VECTOR_A,
            194,
            1778491063,
            "49a8b689143eb1322d0cda267428e6cbc88fb1537330bf0a81da1578139fa0d4",
        ),
        (
            VECTOR_A,
            194,
            1778491064,
            "9b97d11c7f32cf133838717478077d88233bf7eadfa1c84d4e8eb28d3a2daf9a",
        ),
        (
            VECTOR_B,
            222,
            1778491072,
            "3273cdaa0d3129b3a1f24449125c6c01ad61fdeb664c9ff1440b3ed0386c214b",
        ),
    ],
)
def test_signatures_match_known_ones(body, size, at, mac):
    assert len(body) == size
    assert sign(SECRET, body, at) == f"t={at},v1={mac}"


def test_a_delivery_is_signed_over_its_raw_bytes(receiver):
    sent = event("session.ended", {"id": "sess_a", "note": "Grüße"})
    (attempt,) = send(receiver.url, SECRET, sent)
    assert (attempt.status, attempt.event_id) == (200, sent["id"])
    headers, body = receiver.received[0]
    at, _, given = headers["Kallglot-Signature"].removeprefix("t=").partition(",v1=")
    wanted = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256)
    assert given == wanted.hexdigest()
    assert "Grüße".encode() in body
    assert headers["Content-Type"] == "application/json"
    assert headers["Kallglot-Webhook-Id"].startswith("wh_del_")
    assert headers["Kallglot-Retry-Count"] == "0"
    assert headers["Kallglot-Original-Timestamp"] == at


def test_copies_and_another_order(receiver):
    events = [event("session.ended", {"id": f"sess_{n}"}, f"evt_{n}") for n in range(5)]
    send(receiver.url, SECRET, events, copies=2, shuffle=3)
    assert sorted(receiver.event_ids) == sorted([f"evt_{n}" for n in range(5)] * 2)
    assert receiver.event_ids != sorted(receiver.event_ids)


def test_failures_are_retried_on_a_scaled_clock(receiver):
    receiver.statuses = [500, 302, 401]
    waits = []
    attempts = send(
        receiver.url,
        SECRET,
        event("session.ended", {"id": "sess_a"}),
        retries=True,
        time_scale=0.1,
        sleep=waits.append,
    )
    assert [attempt.status for attempt in attempts] == [500, 302, 401, 200]
    assert waits == [6, 30, 180]
    counts = [headers["Kallglot-Retry-Count"] for headers, _ in receiver.received]
    assert counts == ["0", "1", "2", "3"]
    assert len({headers["Kallglot-Webhook-Id"] for headers, _ in receiver.received}) == 1


def test_it_gives_up_after_eight_attempts(receiver):
    receiver.statuses = [503] * 20
    attempts = send(receiver.url, SECRET, event("session.ended", {}), retries=True)
    assert len(attempts) == len(receiver.received) == len(RETRY_DELAYS) == 8


def test_a_receiver_that_is_down_is_status_zero(receiver):
    receiver.close()
    (attempt,) = send(receiver.url, SECRET, event("session.ended", {}), timeout=1)
    assert attempt.status == 0


def test_a_body_that_is_no_event_can_be_sent(receiver):
    send(receiver.url, SECRET, b"not json")
    assert receiver.received[0][1] == b"not json"


def test_a_wrong_clock_shows_in_the_signature(receiver):
    send(receiver.url, SECRET, [event("a", {}), event("b", {})], clock_offset=-600)
    headers, _ = receiver.received[0]
    later, _ = receiver.received[1]
    at = int(headers["Kallglot-Signature"][2:].partition(",")[0])
    assert at <= int(later["Kallglot-Original-Timestamp"])


def test_a_call_has_its_events_in_order(vendor):
    events = events_of(vendor.calls[0])
    assert [item["type"] for item in events] == [
        *("session.created", "session.started", "session.ended"),
        *["recording.ready"] * 3,
    ]
    assert events[2]["data"]["duration"] == 10.0
    assert len({item["id"] for item in events}) == 6
    assert events == events_of(vendor.calls[0])


def test_the_control_endpoint_sends_a_call_s_events(ask, receiver):
    given = {"url": receiver.url, "secret": SECRET, "session_id": "sess_known"}
    attempts = ask.control("POST", "webhook", given | {"type": "session.ended"}).json()
    assert [attempt["status"] for attempt in attempts] == [200]
    assert len(ask.control("POST", "webhook", given | {"copies": 2}).json()) == 12
    unknown = ask.control("POST", "webhook", given | {"session_id": "sess_no"})
    assert (unknown.status_code, unknown.json()["error"]) == (400, "There is no session sess_no.")
