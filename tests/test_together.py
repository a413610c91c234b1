"""What many threads bring at once is stored in few writes, and nobody is told so too early."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.utils import timezone

from recordings.models import WebhookEvent
from recordings.services import events
from recordings.services.together import Together
from tests.relay.asking import eventually


class Store:
    """Keeps what is written; the first write takes until `let_go`, so that others gather."""

    def __init__(self) -> None:
        self.writes: list[list] = []
        self.fails_with: dict = {}
        self.has_begun, self.let_go = threading.Event(), threading.Event()
        self.together = Together(self._write)

    def _write(self, items) -> None:
        self.has_begun.set()
        assert self.let_go.wait(10)
        for item in items:
            if item in self.fails_with:
                raise self.fails_with[item]
        self.writes.append(items)

    def bring(self, first, others):
        """The results of all, by item: `first` is being written while `others` come."""
        with ThreadPoolExecutor(1 + len(others)) as pool:
            results = {first: pool.submit(self.together.store, first)}
            assert self.has_begun.wait(10)
            results |= {item: pool.submit(self.together.store, item) for item in others}
            assert eventually(lambda: self.together.waiting == len(others))
            assert not any(result.done() for result in results.values())
            self.let_go.set()
        return {item: result.exception() for item, result in results.items()}


@pytest.fixture
def store():
    return Store()


def test_what_comes_during_a_write_is_the_next_one(store):
    results = store.bring(0, range(1, 30))

    assert [sorted(write) for write in store.writes] == [[0], list(range(1, 30))]
    assert set(results.values()) == {None}


def test_one_that_cannot_be_stored_keeps_nobody_from_it(store):
    store.fails_with = {7: IntegrityError("seven")}

    results = store.bring(0, range(1, 10))

    assert sorted(item for write in store.writes for item in write) == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    failed = {item: error for item, error in results.items() if error}
    assert list(failed) == [7]
    assert isinstance(failed[7], DatabaseError)
    assert str(failed[7].__cause__) == "seven"


def test_nobody_waits_twice_for_a_database_that_is_locked(store):
    store.fails_with = {0: OperationalError("database is locked")}

    results = store.bring(0, range(1, 10))

    assert store.writes == []
    assert all(isinstance(error, DatabaseError) for error in results.values())

    store.fails_with = {}
    store.together.store("later")
    assert store.writes == [["later"]]


def test_a_write_that_dies_is_no_success(store):
    store.fails_with = {0: SystemExit()}

    results = store.bring(0, [1])

    assert isinstance(results[0], SystemExit)
    assert results[1] is None
    assert store.writes == [[1]]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one lock for all")
def test_two_processes_with_the_same_events_never_block_each_other():
    def write(told):
        try:
            events._store(told)
        finally:
            connection.close()

    for round_ in range(15):
        names = [f"evt_{round_}_{number}" for number in range(1000)]
        there, back = (
            [WebhookEvent(event_id=name, happened_at=timezone.now()) for name in order]
            for order in (names, reversed(names))
        )
        with ThreadPoolExecutor(2) as pool:
            for written in [pool.submit(write, there), pool.submit(write, back)]:
                written.result()
    assert WebhookEvent.objects.count() == 15_000
