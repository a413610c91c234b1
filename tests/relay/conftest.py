"""A served portal for the session, reset for every test."""

from datetime import UTC, datetime

import pytest

from recordings.simulator import Simulator

from .children import Nursery
from .portal import Portal
from .workshop import Workshop


@pytest.fixture(scope="session")
def kallglot():
    """The vendor of the served portals."""
    with Simulator(calls=[], epoch=datetime.now(UTC)) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def served_portal(kallglot, tmp_path_factory, django_db_blocker, django_db_setup, static_files):
    portal = Portal(tmp_path_factory.mktemp("served"), kallglot, django_db_blocker)
    portal.prepare()
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture
def portal(served_portal):
    """The portal under gunicorn, before a healthy vendor without ranges."""
    served_portal.reset()
    yield served_portal
    served_portal.reset()


@pytest.fixture(scope="session")
def nursery():
    """Makes other processes that relay."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def workshop(kallglot, tmp_path):
    """A relay of this process over an audio folder of its own, without a server around it."""
    kallglot.faults.clear()
    kallglot.options.update({"range": False, "bandwidth": 0, "validators": "off"})
    workshop = Workshop(kallglot, tmp_path / "audio")
    yield workshop
    workshop.close()
    kallglot.faults.clear()
    kallglot.options.update({"range": False, "bandwidth": 0, "validators": "off"})
