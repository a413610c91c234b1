"""The one gate before all calls to Kallglot: it closes, lets a probe through, and opens again."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from recordings.kallglot import errors
from recordings.models import VendorState
from recordings.services import gate as gates
from recordings.services import sync
from recordings.simulator import make_call, noise
from tests.relay.asking import eventually

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def key(settings):
    settings.KALLGLOT_API_KEY = "sk_test_first"


@pytest.fixture
def gate(db):
    return gates.DatabaseGate()


def call(gate, error=None) -> None:
    gate.before_call()
    gate.after_call(error)


def pass_time(**age) -> None:
    """Time passes for the gate: what is to end, ends so much earlier."""
    state = VendorState.objects.get()
    for name in ("since", "paused_until", "probe_until"):
        if moment := getattr(state, name):
            setattr(state, name, moment - timedelta(**age))
    state.save()


def close(gate) -> None:
    for _ in range(5):
        call(gate, errors.TimedOut())


def test_a_rate_limit_closes_it_until_its_end(gate):
    call(gate, errors.RateLimited(retry_after=7))
    pass_time(seconds=5)
    with pytest.raises(errors.Paused) as caught:
        gates.DatabaseGate().before_call()
    assert 1 < caught.value.retry_after <= 2
    assert caught.value.reason == "vendor_rate_limit"
    pass_time(seconds=2)
    for _ in range(3):
        gate.before_call()


def test_after_five_failures_in_a_row_one_probe_goes_first(gate):
    close(gate)
    with pytest.raises(errors.Paused):
        gate.before_call()
    pass_time(seconds=30)
    others = [gates.DatabaseGate() for _ in range(3)]

    gate.before_call()
    for other in others:
        with pytest.raises(errors.Paused) as caught:
            other.before_call()
        assert caught.value.reason == "vendor_timeout"
        assert 1 <= caught.value.retry_after <= 5

    gate.after_call(errors.TimedOut())
    pass_time(seconds=29)
    with pytest.raises(errors.Paused):
        gate.before_call()
    pass_time(seconds=1)
    call(gate)
    for each in (gate, *others):
        each.before_call()
    assert VendorState.objects.get().cause == ""


@pytest.mark.parametrize("error", [errors.KeyRefused(), errors.AccountRefused()])
def test_a_refused_account_is_probed_by_one_call_as_well(error, gate):
    call(gate, error)
    pass_time(seconds=60)
    gate.before_call()
    with pytest.raises(errors.Paused):
        gates.DatabaseGate().before_call()
    # The account may read again, although not this recording.
    gate.after_call(errors.NotAllowed())
    gates.DatabaseGate().before_call()


def test_a_probe_that_is_never_heard_of_again_is_followed_by_another(gate):
    close(gate)
    pass_time(seconds=30)
    gate.before_call()
    pass_time(seconds=30)
    gates.DatabaseGate().before_call()
    with pytest.raises(errors.Paused):
        gate.before_call()


def test_a_clock_that_was_wrong_closes_it_no_longer(gate):
    close(gate)
    ahead = timezone.now() + timedelta(days=400)
    VendorState.objects.update(paused_until=ahead, probe_until=ahead)
    call(gate)
    assert VendorState.objects.get().cause == ""


@pytest.mark.parametrize("answered", [None, errors.NotFound(), errors.Gone(), errors.NotAllowed()])
def test_an_answer_between_failures_starts_the_count_again(gate, answered):
    for error in [errors.TimedOut()] * 4 + [answered] + [errors.TimedOut()] * 4:
        call(gate, error)
    gate.before_call()


def test_late_answers_do_not_shorten_a_pause(gate):
    gate.before_call()
    gate.after_call(errors.KeyRefused())
    gate.after_call(errors.RateLimited(retry_after=2))
    gate.after_call(None)
    pass_time(seconds=58)
    with pytest.raises(errors.Paused):
        gate.before_call()


def test_of_many_clicks_after_a_pause_one_reaches_kallglot(vendor, call, people):
    for number in range(8):
        vendor.add_call(make_call(f"sess_{number}", {"mixed": noise(1_000)}))
        sync.open_call(f"sess_{number}")
    close(gates.DatabaseGate())
    pass_time(seconds=30)
    vendor.requests.clear()
    vendor.faults.add("never_answer", "/audio", seconds=60)
    statuses = []

    def click(number, client):
        answer = client.get(f"/recordings/rec_{number}_mixed/audio")
        statuses.append(answer.status_code)
        connections.close_all()

    clicks = []
    for number in range(8):
        client = Client()
        client.force_login(people["reviewer"])
        clicks.append(threading.Thread(target=click, args=(number, client)))
    for each in clicks:
        each.start()
    # Seven have their answer while the one call to Kallglot is still waiting for its own.
    assert eventually(lambda: len(statuses) >= 7, within=60)
    assert set(statuses) == {504}
    assert vendor.requests.count("/audio") == 1
    vendor.close()
    for each in clicks:
        each.join(30)
    assert len(statuses) == 8


def test_a_new_key_ends_the_pause_and_the_line_of_the_old_one(clients, settings, gate):
    call(gate, errors.KeyRefused())
    VendorState.objects.update(rate_limit=600)
    assert "Kallglot refused the API key" in clients["administrator"].get("/").text

    settings.KALLGLOT_API_KEY = "sk_test_second"

    assert "Kallglot refused" not in clients["administrator"].get("/").text
    assert clients["administrator"].get("/readyz").json()["checks"]["vendor"] == "ok"
    gate.before_call()
    state = VendorState.objects.get()
    assert (state.cause, state.paused_until, state.rate_limit) == ("", None, None)


def test_the_failures_of_the_old_key_do_not_count_for_the_new_one(settings, gate):
    for _ in range(4):
        call(gate, errors.TimedOut())
    settings.KALLGLOT_API_KEY = "sk_test_second"
    call(gate, errors.TimedOut())
    gate.before_call()
    assert VendorState.objects.get().consecutive_failures == 1


def test_the_key_is_not_in_the_database(gate):
    call(gate, errors.KeyRefused())
    kept = VendorState.objects.values().get()
    assert kept["key_digest"]
    assert "sk_test" not in str(kept)
