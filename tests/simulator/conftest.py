from datetime import UTC, datetime

import pytest
import requests

from recordings.simulator import Simulator, make_call, noise

EPOCH = datetime(2026, 5, 11, 12, 0, 0, tzinfo=UTC)


class Caller:
    """Asks one simulator over HTTP with a key."""

    def __init__(self, vendor):
        self.vendor = vendor
        self.session = requests.Session()

    def get(self, path, headers=None, **keywords):
        keywords.setdefault("timeout", 20)
        keywords.setdefault("allow_redirects", False)
        return self.session.get(
            self.vendor.url + path, headers={**self.vendor.auth, **(headers or {})}, **keywords
        )

    def control(self, method, name="", json=None):
        url = f"{self.vendor.origin}/_simulator/{name}"
        return self.session.request(method, url, json=json, timeout=20)


@pytest.fixture
def vendor():
    """A simulator with one call of known bytes."""
    audio = {"mixed": noise(10_000), "agent": noise(5_000, "wav"), "customer": noise(0, "wav")}
    with Simulator(calls=[make_call("sess_known", audio)]) as simulator:
        yield simulator


@pytest.fixture
def demo():
    """A simulator with the demo's calls."""
    with Simulator(epoch=datetime.now(UTC)) as simulator:
        yield simulator


@pytest.fixture
def ask(vendor):
    caller = Caller(vendor)
    yield caller
    caller.session.close()


@pytest.fixture
def ask_demo(demo):
    caller = Caller(demo)
    yield caller
    caller.session.close()
