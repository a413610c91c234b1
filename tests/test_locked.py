"""While somebody else holds SQLite's one write lock, pages are still read."""

import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recordings.models import Session

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite has one lock for all"),
]


def test_pages_are_read_while_the_database_is_locked(clients, call):
    """The sign of life of the sign-in and a refresh that is due both have to do without."""
    page = f"/sessions/{call.kallglot_id}/"
    assert clients["reviewer"].get(page).status_code == 200
    Session.objects.update(refresh_begun_at=timezone.now() - timedelta(hours=1))
    session = clients["reviewer"].session
    session["last_seen_at"] -= 120
    session.save()

    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answers = [clients["reviewer"].get(address) for address in ("/", page)]
        waited = time.monotonic() - began
        other.execute("ROLLBACK")

    assert [answer.status_code for answer in answers] == [200, 200]
    # Far from the twenty seconds that a write which matters would wait.
    assert waited < 15
