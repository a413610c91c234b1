"""What tests share: a simulated Kallglot on loopback, people by role, signed-in clients."""

import fcntl
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.test import Client
from django.utils import timezone
from pytest_django.plugin import blocking_manager_key

from recordings.models import Team
from recordings.roles import ADMINISTRATOR, LEAD, REVIEWER
from recordings.services import accesses, sync
from recordings.services import vendor as vendor_service
from recordings.simulator import Simulator, make_call, noise

PASSWORD = "correct-horse-battery"
CALL = "sess_known"
ROLES = {
    "stranger": None,
    "reviewer": REVIEWER,
    "lead": LEAD,
    "administrator": ADMINISTRATOR,
}


def pytest_collection_modifyitems(config, items):
    """Leave out tests without a database where a second database is tried.

    Transactional tests have to start with the rows that migrations make: without
    serialized_rollback they would find empty tables.
    """
    if "TEST_DATABASE_URL" in os.environ:
        without = [item for item in items if not _uses_database(item)]
        items[:] = [item for item in items if _uses_database(item)]
        config.hook.pytest_deselected(items=without)
    for item in items:
        kind = getattr(item.get_closest_marker("django_db"), "kwargs", {})
        if _is_transactional(item) and not kind.get("serialized_rollback"):
            raise pytest.UsageError(f"{item.nodeid} lacks serialized_rollback=True")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Put the rows that migrations make back after a transactional test, which ends with none.

    pytest-django runs such tests last; in parallel runs other files may follow.
    """
    result = yield
    if _is_transactional(item) and nextitem and not _is_transactional(nextitem):
        with item.config.stash[blocking_manager_key].unblock():
            connection.creation.deserialize_db_from_string(connection._test_serialized_contents)
    return result


def _is_transactional(item):
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


def _uses_database(item):
    fixtures = {"db", "transactional_db", "django_db_setup"}
    return bool(item.get_closest_marker("django_db") or fixtures & set(item.fixturenames))


@pytest.fixture(scope="session", autouse=True)
def static_files(tmp_path_factory, worker_id):
    """Static files collected as in production, so that names and checksums are the real ones.

    Collected once per run: parallel processes share the folder of the first.
    """
    from django.conf import settings

    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    settings.STATIC_ROOT = shared / "static"
    with (shared / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "static.done").exists():
            call_command("collectstatic", "--no-input", verbosity=0)
            (shared / "static.done").touch()
    # Without it every test client reads all these files first. Served portals do the real thing.
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """A database file, as in life: one in memory locks whole tables between threads.

    Each parallel process has its own, on PostgreSQL by a suffix to the name.
    """
    if connection.vendor == "sqlite":
        name = tmp_path_factory.mktemp("database") / "portal.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(name)


@pytest.fixture(autouse=True)
def audio_dir(settings, tmp_path):
    """An audio folder of the test's own."""
    settings.AUDIO_DIR = tmp_path / "audio"
    return settings.AUDIO_DIR


@pytest.fixture(autouse=True)
def forget_accesses():
    """Numbers of people and recordings begin anew with each test's database."""
    accesses.forget_lately()
    cache.clear()


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Password hashing is slow on purpose; here it would only slow the tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def just_started(monkeypatch):
    """The portal has just been started, however long the test run lasts: no worker is missed."""
    monkeypatch.setattr("recordings.models.work.STARTED_AT", timezone.now())


@pytest.fixture
def long_running(monkeypatch):
    """The portal was started an hour ago, and no worker has been heard of."""
    started = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr("recordings.models.work.STARTED_AT", started)


@pytest.fixture
def vendor(settings):
    """A simulated Kallglot with one call of three ready recordings, to which the portal leads."""
    audio = {"mixed": noise(10_000), "agent": noise(5_000, "wav"), "customer": noise(4_000, "wav")}
    with Simulator(calls=[make_call(CALL, audio)], epoch=datetime.now(UTC)) as simulator:
        settings.KALLGLOT_API_URL = simulator.url
        settings.KALLGLOT_API_KEY = simulator.key
        yield simulator
        if settings.KALLGLOT_API_KEY:
            # Its idle connections would be found open by the garbage collector, tests later.
            vendor_service.client().close()


@pytest.fixture
def fresh_clients(vendor):
    """Clients that know nothing of earlier tests' allowances."""
    yield
    vendor_service.client(background=True).close()
    vendor_service._client.cache_clear()
    vendor_service._gate.cache_clear()


@pytest.fixture
def call(vendor, db):
    """That call, known to the portal."""
    return sync.open_call(CALL)


@pytest.fixture
def person(db, django_user_model):
    """Makes a user: `person("rosa", REVIEWER)`."""

    def make(name, group=None):
        user = django_user_model.objects.create_user(name, password=PASSWORD)
        if group:
            user.groups.add(Group.objects.get(name=group))
        return user

    return make


class _MadeOnUse(dict):
    """A dictionary of users or clients by role; each is made when a test first asks for it."""

    def __init__(self, roles, make):
        super().__init__()
        self._roles, self._make = roles, make
        self._making = threading.RLock()

    def __missing__(self, role):
        if role not in self._roles:
            raise KeyError(role)
        with self._making:
            if role not in self.keys():
                self[role] = self._make(role)
            return self[role]

    def __iter__(self):
        return iter(dict.fromkeys([*self._roles, *self.keys()]))


@pytest.fixture
def people(person):
    """One user per role; `stranger` is signed in and has no role."""
    return _MadeOnUse(ROLES, lambda role: person(role, ROLES[role]))


@pytest.fixture(autouse=True)
def closed_responses(monkeypatch):
    """Close streamed responses that a test has not read to their end, as a server would.

    Their files would else be found open by the garbage collector, tests later.
    """
    streamed, request = [], Client.request

    def remember(self, **environ):
        response = request(self, **environ)
        if response.streaming:
            streamed.append(response)
        return response

    monkeypatch.setattr(Client, "request", remember)
    yield
    request_finished.disconnect(close_old_connections)
    try:
        for response in streamed:
            response.close()
    finally:
        request_finished.connect(close_old_connections)


@pytest.fixture
def clients(people):
    """A test client per role, `anonymous` included."""

    def sign_in(role):
        client = Client()
        if role != "anonymous":
            client.force_login(people[role])
        return client

    return _MadeOnUse(("anonymous", *ROLES), sign_in)


@pytest.fixture
def everyone_signed_in(clients):
    """For tests that count queries, lock the database or use threads: no sign-in in between."""
    for role in clients:
        clients[role]


@pytest.fixture
def other_team(db):
    """A team nobody in `people` belongs to."""
    return Team.objects.create(name="Elsewhere")


@pytest.fixture
def vendor_bytes(vendor):
    """The bytes Kallglot has for a recording: `vendor_bytes("rec_known_mixed")`."""

    def read(recording_id):
        audio = vendor.recording(recording_id)[0].audio
        return b"".join(bytes(block) for block in audio.blocks(0, audio.size))

    return read
