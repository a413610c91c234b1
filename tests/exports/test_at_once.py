"""Two exports asked for at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from recordings.models import Export, ExportKind
from recordings.services import exporting
from tests.factories import make_session
from tests.relay.asking import eventually

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one lock for all")
def test_the_most_an_hour_are_the_most_for_two_at_once(clients, people):
    make_session("sess_a")
    before = range(exporting.MOST_AN_HOUR - 1)
    Export.objects.bulk_create(Export(user=people["lead"], kind=ExportKind.CSV) for _ in before)
    other = Client()
    other.force_login(people["lead"])
    has_counted, go_on = threading.Event(), threading.Event()

    def before_it_is_noted(execute, sql, *rest):
        if sql.startswith("INSERT INTO") and "recordings_export" in sql:
            has_counted.set()
            assert go_on.wait(20)
        return execute(sql, *rest)

    def post(client):
        try:
            return client.post("/exports/", {"kind": "zip", "session": "sess_a"}).status_code
        finally:
            connection.close()

    def post_slowly(client):
        with connection.execute_wrapper(before_it_is_noted):
            return post(client)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(post_slowly, clients["lead"])
        assert has_counted.wait(20)
        second = pool.submit(post, other)
        assert eventually(lambda: second.done() or somebody_waits_for_a_lock())
        go_on.set()

    assert (first.result(), second.result()) == (302, 429)
    assert Export.objects.count() == exporting.MOST_AN_HOUR
