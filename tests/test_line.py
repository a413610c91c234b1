"""Many who begin to listen at once stand in line for the trail, and nobody starves of it."""

import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import pytest
from django.db import connection, connections

from recordings.models import AuditEvent
from recordings.services import accesses
from tests.relay.asking import eventually

from .postgres import connect_as_stranger

AUDIO = "/recordings/rec_known_mixed/audio"
DOWNLOAD = "/recordings/rec_known_mixed/download"

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("everyone_signed_in"),
]

only_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite has no server that grants connections"
)


def connect_anew(monkeypatch, **options) -> None:
    """From here on, and until the test is over, connections are made with these options."""
    for name, value in options.items():
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], name, value)
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()


@pytest.fixture
def connected_as_usual():
    """For after the test, when the options are those of the settings again."""
    yield
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()


@contextmanager
def locked_trail():
    """Inside, somebody else holds what every new row of the trail needs."""
    if connection.vendor == "sqlite":
        name = connection.settings_dict["NAME"]
        with closing(sqlite3.connect(name, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    else:
        with connect_as_stranger() as other:
            other.execute("LOCK TABLE recordings_auditchain")
            yield


class Beginners:
    """So many who begin to listen in the same moment; `statuses` of the answers they have got."""

    def __init__(self, client, number: int, path: str = AUDIO) -> None:
        self.statuses: list[int] = []
        self._threads = [
            threading.Thread(target=self._begin, args=(client, path)) for _ in range(number)
        ]

    def _begin(self, client, path) -> None:
        try:
            answer = client.get(path)
            answer.getvalue()
            self.statuses.append(answer.status_code)
        finally:
            connections.close_all()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def until_served(self) -> list[int]:
        for thread in self._threads:
            thread.join(60)
        return self.statuses


@only_postgresql
def test_who_stands_in_line_keeps_no_connection(connected_as_usual, call, clients, monkeypatch):
    clients["lead"].get(DOWNLOAD).getvalue()
    connect_anew(monkeypatch, pool={"min_size": 1, "max_size": 4, "timeout": 2})
    beginners = Beginners(clients["reviewer"], 8)
    with locked_trail():
        beginners.start()
        assert eventually(someone_waits_for_the_trail, within=10)
        assert [clients["lead"].get("/").status_code for _ in range(5)] == [200] * 5
        assert beginners.statuses == []
    assert beginners.until_served() == [200] * 8
    assert AuditEvent.objects.filter(action="play").count() == 1


def test_nobody_waits_twice_in_the_line_and_for_the_lock(
    connected_as_usual, call, clients, monkeypatch
):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's own patience is for each lock")
    clients["lead"].get(AUDIO).getvalue()
    monkeypatch.setattr(accesses, "_PATIENCE_S", 6.0)
    connect_anew(monkeypatch, timeout=6)
    first, second = (Beginners(clients[role], 1) for role in ("reviewer", "administrator"))
    began = time.monotonic()
    with locked_trail():
        first.start()
        assert eventually(accesses._line.locked, within=5)
        # The later somebody comes, the more of the patience is left when the first one gives up.
        time.sleep(1.5)
        second.start()
        assert first.until_served() + second.until_served() == [503, 503]
    # Twice would be twelve seconds.
    assert time.monotonic() - began < 11


def someone_waits_for_the_trail() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        waiting = cursor.fetchone()[0]
    connection.close()
    return waiting > 0


@only_postgresql
def test_a_lock_that_is_held_for_long_ends_in_an_answer(
    connected_as_usual, call, clients, monkeypatch
):
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("20s",)
    connect_anew(monkeypatch, options="-c lock_timeout=300")
    with locked_trail():
        assert clients["lead"].get(AUDIO).status_code == 503
    answer = clients["lead"].get(AUDIO)
    assert (answer.status_code, len(answer.getvalue())) == (200, 10_000)
