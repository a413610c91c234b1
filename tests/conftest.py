"""What tests share: a simulated Kallglot on loopback, people by role, signed-in clients."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from recordings.models import Team
from recordings.roles import ADMINISTRATOR, LEAD, REVIEWER
from recordings.services import accesses, sync
from recordings.services import vendor as vendor_service
from recordings.simulator import Simulator, make_call, noise

PASSWORD = "correct-horse-battery"
CALL = "sess_known"


def pytest_collection_modifyitems(items):
    """After any other kind of transactional test, the rows of the migrations would not be right."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        kind = marker.kwargs if marker else {}
        if kind.get("transaction") and not kind.get("serialized_rollback"):
            raise pytest.UsageError(f"{item.nodeid} lacks serialized_rollback=True")


@pytest.fixture(scope="session", autouse=True)
def static_files(tmp_path_factory):
    """Static files collected as in production, so that names and checksums are the real ones."""
    from django.conf import settings

    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")
    call_command("collectstatic", "--no-input", verbosity=0)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A database file, as in life: one in memory locks whole tables between threads."""
    from django.db import connection

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
    """Makes a person: `person("rosa", REVIEWER)`."""

    def make(name, group=None):
        user = django_user_model.objects.create_user(name, password=PASSWORD)
        if group:
            user.groups.add(Group.objects.get(name=group))
        return user

    return make


@pytest.fixture
def people(person):
    """One person per role; `stranger` is signed in and has no role."""
    return {
        "stranger": person("stranger"),
        "reviewer": person("reviewer", REVIEWER),
        "lead": person("lead", LEAD),
        "administrator": person("administrator", ADMINISTRATOR),
    }


@pytest.fixture
def clients(people):
    """A browser-less client per role, `anonymous` included."""
    signed_in = {"anonymous": Client()}
    for role, user in people.items():
        signed_in[role] = Client()
        signed_in[role].force_login(user)
    return signed_in


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
