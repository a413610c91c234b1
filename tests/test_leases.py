"""Who of several workers does a kind of work: a lease outlasts a slow vendor, a lost one ends."""

import shutil
import threading
import zipfile
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from recordings.models import AuditEvent, Export, ExportState, Lease, Recording
from recordings.services import exporting, lanes, listening, prefetching, zipping

LASTS = timedelta(seconds=2)
# The recording is 10 KB: its download takes twice as long as the lease lasts.
BYTES_A_SECOND = 2_500


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(Lease, "LASTS", LASTS)


@pytest.fixture
def asked(people, call):
    """A ZIP of the only recording there is, which somebody has asked for."""
    call.recordings.exclude(channel="mixed").delete()
    return Export.objects.create(user=people["lead"], session_ids=[call.pk], channels=["mixed"])


def on_a_thread(work) -> threading.Thread:
    def run():
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def fetching_a_zip() -> threading.Thread:
    """A worker that has begun a ZIP and waits for its audio."""
    worker = on_a_thread(zipping.make_waiting)
    while not list(exporting.folder().glob("*.part")):
        worker.join(0.05)
    return worker


def take_over(name: str) -> None:
    """What a worker of another machine does."""
    until = timezone.now() + timedelta(minutes=2)
    assert Lease.objects.filter(name=name).update(holder="else:1:x", held_until=until)


def test_a_lost_lease_stays_lost(db):
    lease = Lease.take("importing")
    take_over("importing")
    lease.held_until = timezone.now()

    assert [lease.prolong(), lease.prolong()] == [False, False]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_zip_is_one_workers_however_slow_kallglot_is(short, asked, vendor):
    vendor.options.update({"bandwidth": BYTES_A_SECOND})
    first = on_a_thread(zipping.make_waiting)

    while first.is_alive():
        zipping.make_waiting()
        first.join(0.1)

    asked.refresh_from_db()
    path = exporting.path(asked)
    assert (asked.state, asked.size) == (ExportState.READY, path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2
    assert vendor.requests.count("/audio") == 1
    assert AuditEvent.objects.filter(reason=f"zip {asked.pk}").count() == 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("exporting", zipping.make_waiting),
        ("lanes", lanes.analyse_wanted),
        ("prefetching", prefetching.fetch_waiting),
    ],
)
def test_a_lease_does_not_lapse_during_a_download(name, work, short, asked, vendor, settings):
    settings.PREFETCH_AUDIO = "all"
    recording = Recording.objects.get()
    lanes.want(recording)
    audio = listening.relay().store.entry(listening.key(recording)).audio
    vendor.options.update({"bandwidth": BYTES_A_SECOND})
    worker = on_a_thread(work)
    while not Lease.objects.filter(name=name).exclude(holder="").exists():
        worker.join(0.05)

    while not audio.exists():
        assert Lease.take(name) is None or audio.exists()
        worker.join(0.1)
    worker.join()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_lost_the_lease_touches_nothing_of_the_new_holders(short, asked, vendor):
    vendor.options.update({"bandwidth": BYTES_A_SECOND})
    loser = fetching_a_zip()
    take_over("exporting")
    theirs = exporting.part(asked, "else:1:x")
    theirs.write_bytes(b"theirs")

    loser.join()

    assert [path.name for path in exporting.folder().iterdir()] == [theirs.name]
    assert Export.objects.get().state == ExportState.RUNNING
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_failure_of_who_lost_the_lease_is_not_the_exports(short, asked, vendor, audio_dir):
    vendor.options.update({"bandwidth": BYTES_A_SECOND})
    loser = fetching_a_zip()
    take_over("exporting")
    shutil.rmtree(audio_dir)

    loser.join()

    assert Export.objects.get().state == ExportState.RUNNING


def test_parts_that_no_holder_writes_to_are_swept(asked, db):
    exporting.folder().mkdir(parents=True)
    with Lease.take("exporting") as lease:
        mine, left_over = exporting.part(asked, lease.holder), exporting.part(asked, "else:1:x")
        for part in (mine, left_over):
            part.write_bytes(b"half a ZIP")

        assert exporting.remove_old() == 1

    assert list(exporting.folder().iterdir()) == [mine]
