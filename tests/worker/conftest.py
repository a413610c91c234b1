"""One house for the session, with its web server running; workers are started by the tests."""

from datetime import UTC, datetime

import pytest

from recordings.services import vendor as vendor_service
from recordings.simulator import Simulator

from .house import House


@pytest.fixture(scope="session")
def kallglot():
    """The vendor of the house."""
    with Simulator(calls=[], epoch=datetime.now(UTC)) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def whole_house(kallglot, tmp_path_factory, django_db_blocker, django_db_setup, static_files):
    house = House(tmp_path_factory.mktemp("house"), kallglot, django_db_blocker)
    try:
        house.start_web()
        yield house
    finally:
        house.close()


@pytest.fixture
def house(whole_house):
    """A served portal that knows nothing yet, without a worker."""
    whole_house.kill("worker")
    whole_house.empty()
    yield whole_house
    whole_house.kill("worker")


@pytest.fixture
def working_house(house):
    """The same with a worker."""
    house.start_worker()
    return house


@pytest.fixture
def foreground(monkeypatch):
    """Background work at the pace of users' requests: its share of the rate limit ends no round."""
    client = vendor_service.client
    monkeypatch.setattr(vendor_service, "client", lambda **_: client())
