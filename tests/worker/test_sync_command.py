"""`manage.py sync`: all known calls asked about again, behind people's own calls."""

import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from recordings.models import Session
from recordings.services import gate
from recordings.simulator import make_call, noise
from tests.factories import make_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_clients")]


@pytest.fixture
def naps(monkeypatch):
    """How long the command slept each time; the clock moves by that, and nobody waits."""
    slept, now = [], time.time

    def nap(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("recordings.management.commands.sync.sleep", nap)
    monkeypatch.setattr(gate.time, "time", lambda: now() + sum(slept))
    return slept


@pytest.fixture
def calls(vendor):
    """Eight calls that the portal knows and has not asked about."""
    for n in range(8):
        vendor.add_call(make_call(f"sess_s{n}", {"mixed": noise(500)}))
        make_session(f"sess_s{n}")


def run() -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("sync", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_leaves_people_their_share_and_asks_about_every_call(vendor, calls, naps):
    vendor.options.update({"rate_limit": 10})

    told, waits = run()

    # Sixteen requests, of which five fit into a minute.
    assert len(naps) >= 3
    assert waits.count("Going on in") == len(naps)
    assert told.count(": 1 recordings") == 8
    assert 429 not in {request.status for request in vendor.requests}
    assert not Session.objects.exclude(stale_since=None).exists()


def test_it_waits_out_a_pause_that_kallglot_asks_for(vendor, calls):
    vendor.faults.add("status", status=429, retry_after=1, times=1)

    told, waits = run()

    assert "Going on in 1 s." in waits
    assert told.count(": 1 recordings") == 8
    assert not Session.objects.exclude(stale_since=None).exists()


def test_a_call_that_fails_is_told_and_stale_and_the_others_go_on(vendor, calls):
    vendor.faults.add("invalid_json", "/sessions/sess_s3")
    err = StringIO()

    with pytest.raises(CommandError, match="1 could not be refreshed"):
        call_command("sync", stdout=StringIO(), stderr=err)

    assert err.getvalue().startswith("sess_s3: ")
    assert Session.objects.exclude(stale_since=None).get().kallglot_id == "sess_s3"
    assert vendor.requests.count("/recordings") == 8
