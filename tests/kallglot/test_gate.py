import pytest

from recordings.kallglot import MemoryGate, errors
from recordings.kallglot.gate import pause_after

from .vendor import answer, then_close


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def gate(clock):
    return MemoryGate(now=clock)


def call(gate, error=None) -> None:
    gate.before_call()
    gate.after_call(error)


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


def test_rate_limit_closes_until_its_end(gate, clock):
    cause = errors.RateLimited(status=429, request_id="req_1", retry_after=7)
    call(gate, cause)
    clock.now += 5
    with pytest.raises(errors.Paused) as caught:
        gate.before_call()
    assert caught.value.cause is cause
    assert caught.value.retry_after == 2
    assert (caught.value.reason, caught.value.request_id) == ("vendor_rate_limit", "req_1")
    clock.now += 2
    call(gate)


def test_five_failures_in_a_row_then_one_probe(gate, clock):
    for _ in range(5):
        call(gate, errors.TimedOut())
    with pytest.raises(errors.Paused):
        gate.before_call()
    clock.now += 30
    gate.before_call()
    with pytest.raises(errors.Paused) as caught:
        gate.before_call()
    assert isinstance(caught.value.cause, errors.TimedOut)
    gate.after_call(errors.TimedOut())
    clock.now += 29
    with pytest.raises(errors.Paused):
        gate.before_call()
    clock.now += 1
    call(gate)
    for _ in range(3):
        gate.before_call()


def test_probe_that_is_never_heard_of_again(gate, clock):
    for _ in range(5):
        call(gate, errors.ConnectFailed())
    clock.now += 30
    gate.before_call()
    clock.now += 30
    gate.before_call()


@pytest.mark.parametrize("answered", [None, errors.NotFound(), errors.Gone()])
def test_an_answer_between_failures_starts_the_count_again(gate, answered):
    for error in [errors.TimedOut()] * 4 + [answered] + [errors.TimedOut()] * 4:
        call(gate, error)
    gate.before_call()


def test_late_answers_do_not_shorten_a_pause(gate, clock):
    gate.before_call()
    gate.before_call()
    gate.before_call()
    gate.after_call(errors.KeyRefused())
    gate.after_call(errors.RateLimited(retry_after=2))
    gate.after_call(None)
    clock.now += 59
    with pytest.raises(errors.Paused):
        gate.before_call()


def test_client_makes_no_call_while_paused(vendor, make_client, fails):
    client = make_client(gate=MemoryGate())
    vendor.script(answer(429, b"", "Retry-After: 70"))
    with fails(errors.RateLimited):
        client.session("sess_1")
    with fails(errors.Paused, reason="vendor_rate_limit", status=429) as caught:
        client.open_audio("rec_1")
    assert 40 < caught.value.retry_after <= 70
    assert len(vendor.requests) == 1


def test_default_gate_opens_the_circuit(vendor, make_client, fails):
    client = make_client(gate=None)
    vendor.script(then_close(b""))
    for _ in range(5):
        with fails(errors.ConnectFailed):
            client.session("sess_1")
    with fails(errors.Paused, reason="vendor_connect"):
        client.session("sess_1")
    assert len(vendor.requests) == 10


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
