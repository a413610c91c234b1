"""Connections to PostgreSQL wait in psycopg's pool, and may be dead when they are used again."""

import threading

import pytest
from django.db import connection, connections

from .postgres import connect_as_stranger

AUDIO = "/recordings/rec_known_mixed/audio"

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no server"),
]


def use_at_once(number: int) -> None:
    """Afterwards so many connections wait in the pool."""
    together = threading.Barrier(number)

    def use():
        connection.ensure_connection()
        together.wait(20)
        connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def restart_the_server() -> int:
    """As far as its clients can tell; how many connections that has ended."""
    with connect_as_stranger(autocommit=True) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return len(ended.fetchall())


def test_a_restart_of_the_server_is_noticed_once(call, clients):
    clients["lead"].raise_request_exception = False
    clients["lead"].get(AUDIO).getvalue()
    use_at_once(6)
    connections.close_all()

    assert restart_the_server() >= 6

    statuses = []
    for _ in range(10):
        answer = clients["lead"].get(AUDIO, headers={"Range": "bytes=1-"})
        statuses.append((answer.status_code, len(answer.getvalue())))
        connections.close_all()
    (refused, _), *others = statuses
    assert refused == 503
    assert others == [(206, 9_999)] * 9
