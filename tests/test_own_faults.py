"""What goes wrong in the portal itself, its database or its folder, while audio is asked for."""

import errno
import gc
import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import InterfaceError, connection, connections
from django.utils import timezone

from recordings.models import Access, AuditEvent, Recording, Session, VendorState
from recordings.services import accesses, listening, sync
from recordings.simulator import Fault, make_call, noise
from tests.relay.asking import eventually
from tests.relay.held import Held

N = 400_000
AUDIO = "/recordings/rec_known_mixed/audio"
pytestmark = pytest.mark.usefixtures("everyone_signed_in")


def descriptors(folder) -> list[str]:
    """What this process has open below `folder`."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue
        if str(folder) in path:
            found.append(path)
    return found


@pytest.fixture
def held(vendor, call):
    """A recording of which Kallglot holds back the end: `rec_held_mixed`."""
    held = Held(noise(N), N // 2)
    vendor.add_call(make_call("sess_held", {"mixed": held}))
    sync.open_call("sess_held")
    held.hold()
    yield held
    held.let_go()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("place", ["audio", "download"])
@pytest.mark.parametrize(("fault", "status"), [(InterfaceError, 503), (RuntimeError, 500)])
def test_no_fault_leaves_a_growing_file_open(
    held, clients, monkeypatch, audio_dir, place, fault, status
):
    def failing(*args, **kwargs):
        raise fault("the connection is closed")

    monkeypatch.setattr(accesses.Request, "note", failing)
    clients["lead"].raise_request_exception = False
    answer = clients["lead"].get(f"/recordings/rec_held_mixed/{place}")
    assert answer.status_code == status
    held.let_go()
    # The fill goes on to its end, and then nothing is open.
    assert eventually(lambda: not descriptors(audio_dir), within=5), descriptors(audio_dir)


class FailingMiddleware:
    """Fails when the view has answered."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        assert self.get_response(request).status_code == 200
        raise RuntimeError("after the view")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("recording", ["rec_held_mixed", "rec_known_mixed"])
def test_an_answer_that_another_one_replaces_is_closed(
    recording, held, clients, settings, audio_dir
):
    listening.prefetch(Recording.objects.get(kallglot_id="rec_known_mixed"))
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.FailingMiddleware"]
    clients["lead"].raise_request_exception = False
    # Nothing is left to the garbage collector.
    gc.disable()
    try:
        answer = clients["lead"].get(f"/recordings/{recording}/download")
        assert answer.status_code == 500
        held.let_go()
        assert eventually(lambda: not descriptors(audio_dir), within=5), descriptors(audio_dir)
    finally:
        gc.enable()


@contextmanager
def locked_database():
    """Inside, somebody else holds SQLite's one write lock."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has one lock for all")
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_playback_on_record_goes_on_while_the_database_is_locked(call, clients, vendor_bytes):
    clients["lead"].get(AUDIO).getvalue()
    Access.objects.update(last_at=timezone.now() - timedelta(seconds=90))
    Recording.objects.update(audio_length=None)
    accesses.forget_lately()
    began = time.monotonic()
    with locked_database():
        answer = clients["lead"].get(AUDIO, headers={"Range": "bytes=100-"})
        assert answer.status_code == 206
        assert answer.getvalue() == vendor_bytes("rec_known_mixed")[100:]
    # Far from the twenty seconds that a write which matters would wait.
    assert time.monotonic() - began < 10
    # What was not noted then is noted with the next range.
    clients["lead"].get(AUDIO, headers={"Range": "bytes=200-"}).getvalue()
    assert timezone.now() - Access.objects.get().last_at < timedelta(minutes=1)
    assert Recording.objects.filter(audio_length=10_000).exists()
    assert AuditEvent.objects.filter(action="play").count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_playback_on_record_stands_in_no_line(call, clients, monkeypatch):
    """Not even behind somebody who begins to listen, and waits for the locked database."""
    clients["lead"].get(AUDIO).getvalue()
    Access.objects.update(last_at=timezone.now() - timedelta(seconds=90))
    accesses.forget_lately()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 8)
    connection.close()
    statuses = []

    def begin():
        answer = clients["reviewer"].get(AUDIO)
        answer.getvalue()
        statuses.append(answer.status_code)
        connections.close_all()

    beginner = threading.Thread(target=begin)
    with locked_database():
        beginner.start()
        assert eventually(accesses._line.locked, within=5)
        answer = clients["lead"].get(AUDIO, headers={"Range": "bytes=100-"})
        answer.getvalue()
        assert (answer.status_code, statuses) == (206, [])
    beginner.join(20)
    assert statuses == [200]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_range_in_mid_play_breaks_where_its_row_cannot_be_written(call, clients, monkeypatch):
    """A pause of half an hour begins another playback, which needs a row of its own."""
    clients["lead"].get(AUDIO).getvalue()
    Access.objects.update(last_at=timezone.now() - timedelta(hours=1))
    accesses.forget_lately()
    before = AuditEvent.objects.count()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.2)
    connection.close()
    with locked_database():
        later = clients["lead"].get(AUDIO, headers={"Range": "bytes=100-"})
        assert later.status_code == 206
        assert later["Content-Range"] == "bytes 100-9999/10000"
        with pytest.raises(BrokenPipeError):
            later.getvalue()
        # The beginning of a playback is told what is the matter.
        assert clients["lead"].get(AUDIO).status_code == 503
    assert AuditEvent.objects.count() == before


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("status", [404, 410])
def test_what_kallglot_says_is_the_answer_also_where_it_cannot_be_noted(
    status, call, clients, vendor, monkeypatch
):
    long_ago = timezone.now() - timedelta(hours=1)
    Recording.objects.update(created_at=long_ago)
    Session.objects.update(ended_at=long_ago)
    vendor.faults.add(Fault("status", "/audio", status=status))
    # The trail waits for its row as long as a write that matters does.
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.2)
    connection.close()
    with locked_database():
        assert clients["lead"].get(AUDIO).status_code == status
    assert Recording.objects.get(kallglot_id="rec_known_mixed").last_error == ""
    # What was not noted then is noted with the next request.
    assert clients["lead"].get(AUDIO).status_code == status
    assert Recording.objects.get(kallglot_id="rec_known_mixed").last_error


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(
    ("status", "told"), [(401, 502), (402, 502), (429, 503), (503, 503), (504, 504)]
)
def test_trouble_with_kallglot_is_the_answer_also_where_others_cannot_be_told(
    status, told, call, clients, vendor, monkeypatch
):
    vendor.faults.add(Fault("status", "/audio", status=status))
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.2)
    connection.close()
    with locked_database():
        answer = clients["lead"].get(AUDIO)
        assert answer.status_code == told
        assert answer["Content-Type"].startswith("text/plain")
    assert VendorState.load().cause == ""
    # The next call tells them.
    assert clients["lead"].get(AUDIO).status_code == told
    assert VendorState.load().cause


@pytest.fixture
def unwritable(monkeypatch):
    """Makes the audio folder read-only: `unwritable()`."""

    def refuse(*args):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    # Permissions would not stop a superuser, as whom tests may run.
    return lambda: monkeypatch.setattr(Path, "rename", refuse)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_expired_is_expired_also_where_the_copy_cannot_be_deleted(
    call, clients, audio_dir, unwritable, vendor, vendor_bytes
):
    clients["lead"].get(AUDIO).getvalue()
    recording = Recording.objects.get(kallglot_id="rec_known_mixed")
    folder = audio_dir / listening.key(recording)
    assert eventually(lambda: (folder / "facts.json").exists() and not descriptors(folder))
    unwritable()
    recording.expires_at = timezone.now()
    recording.save()
    for headers in ({}, {"Range": "bytes=100-"}):
        answer = clients["lead"].get(AUDIO, headers=headers)
        assert answer.status_code == 410
        assert vendor_bytes("rec_known_mixed")[:20] not in answer.content
    last = AuditEvent.objects.first()
    assert (last.outcome, last.reason) == ("refused", "expired")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_kallglot_calls_gone_is_gone_also_where_the_copy_cannot_be_deleted(
    call, clients, audio_dir, unwritable, vendor
):
    clients["lead"].get(AUDIO).getvalue()
    recording = Recording.objects.get(kallglot_id="rec_known_mixed")
    folder = audio_dir / listening.key(recording)
    assert eventually(lambda: (folder / "facts.json").exists() and not descriptors(folder))
    # A revision, so that Kallglot is asked again.
    recording.duration = 99.5
    recording.save()
    vendor.faults.add(Fault("status", "/audio", status=410))
    unwritable()
    assert clients["lead"].get(AUDIO).status_code == 410
    assert clients["lead"].get(AUDIO).status_code == 410
