import pytest

from recordings.kallglot import errors
from recordings.kallglot.gate import AlwaysOpen, pause_after

from .vendor import answer, then_close


@pytest.mark.parametrize(
    ("error", "failures", "seconds"),
    [
        (None, 0, 0),
        (errors.RateLimited(retry_after=7), 0, 7),
        (errors.RateLimited(), 0, 30),
        (errors.KeyRefused(), 0, 60),
        (errors.AccountRefused(), 0, 60),
        (errors.NotAllowed(), 9, 0),
        (errors.CreditsUsedUp(), 0, 60),
        (errors.Unavailable(), 4, 0),
        (errors.Unavailable(), 5, 30),
        (errors.ConnectFailed(), 5, 30),
        (errors.TimedOut(), 9, 30),
        (errors.Stalled(), 5, 30),
        (errors.NotFound(), 9, 0),
        (errors.Gone(), 9, 0),
        (errors.NotReady(), 9, 0),
        (errors.BadAnswer(), 9, 0),
    ],
)
def test_policy(error, failures, seconds):
    assert pause_after(error, failures) == seconds


def test_no_call_is_made_while_the_gate_is_closed(vendor, make_client, fails):
    class Closed(AlwaysOpen):
        def before_call(self):
            cause = errors.RateLimited(status=429, request_id="req_1", retry_after=70)
            raise errors.Paused(cause, retry_after=41)

    client = make_client(gate=Closed())
    for ask in (client.session, client.transcript):
        with fails(errors.Paused, reason="vendor_rate_limit", status=429, retry_after=41):
            ask("sess_1")
    with fails(errors.Paused, request_id="req_1"):
        client.open_audio("rec_1")
    assert not vendor.connections


def test_a_client_without_a_gate_makes_every_call(vendor, make_client, fails):
    client = make_client(gate=None)
    vendor.script(then_close(b""))
    for _ in range(6):
        with fails(errors.ConnectFailed):
            client.session("sess_1")
    assert len(vendor.requests) == 12


def test_gate_hears_of_each_call_once(vendor, make_client):
    class Listening:
        def __init__(self):
            self.heard = []

        def before_call(self):
            self.heard.append("before")

        def after_call(self, error):
            self.heard.append(type(error))

        def after_answer(self, headers):
            pass

    gate = Listening()
    client = make_client(gate=gate)
    vendor.script(answer(500), answer(200, b'{"id": "sess_1"}'), answer(404))
    client.session("sess_1")
    with pytest.raises(errors.NotFound):
        client.session("sess_1")
    assert gate.heard == ["before", type(None), "before", errors.NotFound]
