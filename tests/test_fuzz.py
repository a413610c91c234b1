"""Random requests over every address, method and kind of user: never a 500, no stack trace."""

import logging
from collections import Counter
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client

from kallglot_portal.logs import OneLineFormatter
from recordings.models import Note, Transcript
from recordings.roles import REVIEWER
from tests.conftest import CALL
from tests.fuzzing import USERS, Fuzzer, routes
from tests.raw_requests import RawClient

SEED = 20_260_101
MOST_SHOWN = 20


class Rollback(Exception):  # noqa: N818  (it is no error)
    """Undoes what a request has written, so that each finds the same rows."""


@pytest.fixture
def sessions(clients, person):
    """The session cookie of each kind of user."""
    user = person("deactivated", REVIEWER)
    deactivated = Client()
    deactivated.force_login(user)
    user.is_active = False
    user.save()
    found = {name: clients[name] for name in USERS if name != "deactivated"}
    found["deactivated"] = deactivated
    return {
        name: client.cookies["sessionid"].value if name != "anonymous" else ""
        for name, client in found.items()
    }


@pytest.fixture
def known(call, people, other_team):
    """Values that exist, by the name of the part of an address."""
    Transcript.objects.get(session=call).turns.create(position=1, text="Hello.")
    Note.objects.create(pk=77, session=call, author_name="rosa", start=1, text="!", key=uuid4())
    numbers = ("1", "77", *(str(people[name].pk) for name in USERS[2:]))
    return {
        "session_id": (CALL, "sess_unknown"),
        "recording_id": tuple(f"rec_known_{name}" for name in ("mixed", "agent", "customer")),
        "number": (*numbers, "9" * 15),
        "kind": ("txt", "vtt", "srt", "csv", "json"),
        "object_id": (*numbers, str(call.pk), str(other_team.pk)),
        "id": numbers,
        "app_label": ("auth", "recordings"),
        "content_type_id": ("1", "2", "3"),
    }


class Watcher(logging.Handler):
    """Keeps what takes more than its one line of the log."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(OneLineFormatter())
        self.traces = []

    def emit(self, record):
        line = self.format(record)
        if "\n" in line:
            self.traces.append(line)


def faults(count: int, sessions, known) -> list[str]:
    """Send `count` random requests; what was wrong with the answers."""
    raw, fuzzer, watcher = RawClient(), Fuzzer(SEED, known), Watcher()
    found, statuses = [], Counter()
    logging.getLogger().addHandler(watcher)
    try:
        for number in range(count):
            request = fuzzer()
            cookie = f"{request.headers['Cookie']}; sessionid={sessions[request.user]}"
            watcher.traces.clear()
            answer = None
            try:
                with transaction.atomic():
                    answer = raw.send(
                        request.method,
                        request.path,
                        query=request.query,
                        headers={**request.headers, "Cookie": cookie},
                        body=request.body,
                    )
                    raise Rollback
            except Rollback:
                statuses[answer.status] += 1
            except Exception as error:
                found.append(f"{number}: {error!r}: {request}")
            if watcher.traces or (answer and answer.status == 500):
                found.append(f"{number}: {answer and answer.status} {request} {watcher.traces}")
    finally:
        logging.getLogger().removeHandler(watcher)
    # Most of it must get past the doors, or it would prove nothing.
    assert statuses[200] > count / 40, statuses
    return found


def test_every_address_is_among_those_tried():
    assert "/sessions/<sess:session_id>/notes" in routes()
    assert "/admin/auth/user/<path:object_id>/change/" in routes()
    assert len(routes()) > 60


def test_random_requests_never_find_a_fault_of_ours(sessions, known):
    assert faults(400, sessions, known)[:MOST_SHOWN] == []


@pytest.mark.endurance
def test_twenty_thousand_random_requests_never_find_a_fault_of_ours(sessions, known):
    assert faults(20_000, sessions, known)[:MOST_SHOWN] == []
