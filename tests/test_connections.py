"""Connections to the database belong to requests: they are given back and used again."""

import sqlite3
import threading
from contextlib import closing, suppress

import pytest
from django.db import DatabaseError, connection, transaction

from kallglot_portal.database import let_go

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has psycopg's pool"),
]


def in_thread(work):
    """What `work` returns in a thread of its own."""
    told = []
    thread = threading.Thread(target=lambda: told.append(work()))
    thread.start()
    thread.join(20)
    return told[0]


def use():
    """A thread's query; what it was done with, and then given back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    used = connection.connection
    let_go()
    return used


def test_what_one_thread_gave_back_another_takes():
    let_go()
    assert in_thread(use) is in_thread(use)


def test_a_connection_in_use_is_nobody_elses():
    connection.ensure_connection()
    assert in_thread(use) is not connection.connection


def test_one_with_an_open_transaction_is_closed_for_good(django_user_model):
    def leave_behind():
        with suppress(RuntimeError), transaction.atomic():
            django_user_model.objects.create(username="half")
            left = connection.connection
            connection.close()
            raise RuntimeError
        return left

    let_go()
    left = in_thread(leave_behind)
    assert in_thread(use) is not left
    assert not django_user_model.objects.filter(username="half").exists()


def test_one_that_met_an_error_is_closed_for_good():
    def fail():
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")
        failed = connection.connection
        connection.close_if_unusable_or_obsolete()
        return failed

    let_go()
    failed = in_thread(fail)
    assert in_thread(use) is not failed


def test_what_somebody_has_read_half_of_shows_nobody_old_data(django_user_model):
    django_user_model.objects.bulk_create(
        django_user_model(username=f"person {number}") for number in range(300)
    )

    def read_half():
        people = django_user_model.objects.iterator(chunk_size=10)
        next(people)
        used = connection.connection
        let_go()
        return used, people

    let_go()
    used, people = in_thread(read_half)
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other, other:
        other.execute("DELETE FROM auth_user WHERE username = 'person 7'")

    def look():
        number = django_user_model.objects.count()
        django_user_model.objects.create(username="a new one")
        return connection.connection is used, number

    assert in_thread(look) == (True, 299)
    del people


def test_more_threads_than_usual_are_served_all_the_same():
    """A thread that waits for a write lock keeps its connection; the others must not starve."""
    enough = threading.Barrier(41)

    def hold():
        connection.ensure_connection()
        enough.wait(20)
        connection.close()

    threads = [threading.Thread(target=hold) for _ in range(40)]
    for thread in threads:
        thread.start()
    enough.wait(20)
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_inside_a_transaction_nothing_is_given_back(django_user_model):
    with transaction.atomic():
        django_user_model.objects.create(username="whole")
        let_go()
    assert django_user_model.objects.filter(username="whole").exists()
