"""`manage.py prune`: what is gone at Kallglot, or nobody's, leaves our disk."""

import errno
import io
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session as SignedIn
from django.core.management import CommandError, call_command
from django.utils import timezone

from recordings.audio.store import Store
from recordings.models import Recording, Session
from recordings.services import listening, pruning
from tests.factories import make_recording, make_session
from tests.relay.asking import eventually

REC = "rec_known_mixed"


@pytest.fixture
def copy(call, clients, audio_dir):
    """Our copy of a recording: its folder."""
    answer = clients["lead"].get(f"/recordings/{REC}/audio")
    answer.getvalue()
    folder = audio_dir / listening.key(Recording.objects.get(kallglot_id=REC))
    assert eventually(lambda: (folder / "facts.json").exists() and not left(folder))
    return folder


def left(folder):
    kept = ("audio", "facts.json", "checked.json")
    return [path.name for path in folder.iterdir() if path.name not in kept]


def prune() -> str:
    told = io.StringIO()
    call_command("prune", stdout=told)
    return told.getvalue().strip()


def change(**facts):
    Recording.objects.filter(kallglot_id=REC).update(**facts)


def test_a_healthy_copy_stays(copy):
    assert prune() == "0 removed"
    assert (copy / "audio").exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"expires_at": timezone.now()},
        {"last_error": "vendor_gone", "gone_since": timezone.now()},
        {"gone_since": timezone.now()},
        {"status": "failed"},
        {"status": "processing"},
        {"duration": 99.5},
        {"created_at": timezone.now() - timedelta(days=3)},
    ],
    ids=["expired", "gone", "missing", "failed", "processing", "revised", "made anew"],
)
def test_what_may_not_be_played_is_deleted(copy, facts):
    change(**facts)
    assert prune() == "1 removed"
    assert not copy.exists()


def test_a_copy_of_nobodys_recording_is_deleted(copy):
    Recording.objects.filter(kallglot_id=REC).delete()
    assert prune() == "1 removed"
    assert not copy.exists()


def test_what_killed_processes_left_is_swept(copy, audio_dir):
    part = audio_dir / "7-00000000000a"
    part.mkdir()
    for name in ("audio.part", "head.json", "progress"):
        (part / name).write_bytes(b"x")
    empty = audio_dir / "8-00000000000b"
    empty.mkdir()
    half_gone = audio_dir / ".gone-0123456789abcdef0123456789abcdef"
    half_gone.mkdir()
    (half_gone / "audio").write_bytes(b"x")
    prune()
    assert [path.name for path in audio_dir.iterdir()] == [copy.name]


def test_folders_of_others_are_left_alone(copy, audio_dir):
    for name in ("lost+found", "photos", "12-people"):
        (audio_dir / name).mkdir()
        (audio_dir / name / "mine.txt").write_text("mine")
    assert prune() == "0 removed"
    assert {path.name for path in audio_dir.iterdir()} == {
        copy.name,
        "lost+found",
        "photos",
        "12-people",
    }


def test_the_limit_is_kept(copy, settings):
    settings.AUDIO_MAX_BYTES = 10
    then = time.time() - 3600
    os.utime(copy / "facts.json", (then, then))
    prune()
    assert not copy.exists()


def test_a_missing_folder_is_no_trouble(call, audio_dir):
    assert prune() == "0 removed"
    audio_dir.parent.mkdir(exist_ok=True)
    audio_dir.write_text("a file in its place")
    assert prune() == "0 removed"


def test_a_number_that_no_recording_can_have_is_nobodys(copy, audio_dir):
    (audio_dir / f"{10**30}-00000000000a").mkdir()
    assert prune() == "1 removed"
    assert (copy / "audio").exists()


@pytest.fixture
def stuck(audio_dir, monkeypatch):
    """Two copies of nobody's recordings, the first of which cannot be deleted: their folders."""
    folders = [audio_dir / f"{number}-00000000000a" for number in (9001, 9002)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "audio").write_bytes(b"x")
    really = Path.rename

    def rename(path, target):
        if path == folders[0]:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return really(path, target)

    # Permissions would not stop a superuser, as whom tests may run.
    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(Store, "all_keys", lambda store: [each.name for each in folders])
    return folders


@pytest.mark.django_db
def test_one_copy_that_stays_does_not_keep_the_others(stuck):
    with pytest.raises(CommandError, match="Permission denied"):
        prune()
    assert [folder.exists() for folder in stuck] == [True, False]


@pytest.mark.django_db
def test_pruning_again_and_again_outlives_a_folder_that_fails(stuck, monkeypatch):
    handlers = {}
    monkeypatch.setattr(
        signal, "signal", lambda number, handler: handlers.update({number: handler})
    )

    class Told(io.StringIO):
        def write(self, text):
            handlers[signal.SIGTERM]()
            return super().write(text)

    told = Told()
    call_command("prune", every=1, stderr=told)
    assert "Pruning failed and is tried again: Permission denied" in told.getvalue()


def test_many_copies_take_few_queries(call, audio_dir, django_assert_max_num_queries):
    for number in range(9000, 9100):
        folder = audio_dir / f"{number}-00000000000a"
        folder.mkdir(parents=True)
        (folder / "audio").write_bytes(b"x")
    with django_assert_max_num_queries(20):
        assert prune() == "100 removed"


def test_old_sign_ins_are_forgotten(db):
    now = timezone.now()
    for name, expires in (("a", now - timedelta(hours=1)), ("b", now + timedelta(hours=1))):
        SignedIn.objects.create(session_key=name * 32, session_data="", expire_date=expires)
    for days in (0, 2, 100):
        for model, facts in (
            (AccessAttempt, {"failures_since_start": 1, "username": f"u{days}"}),
            (AccessLog, {}),
            (AccessFailureLog, {}),
        ):
            row = model.objects.create(**facts)
            model.objects.filter(pk=row.pk).update(attempt_time=now - timedelta(days=days))

    pruning.prune()

    assert list(SignedIn.objects.values_list("session_key", flat=True)) == ["b" * 32]
    assert AccessAttempt.objects.count() == 1
    assert AccessLog.objects.count() == AccessFailureLog.objects.count() == 2


def test_one_call_that_cannot_be_summarised_stops_no_other(db, monkeypatch):
    yesterday = timezone.now() - timedelta(days=1)
    for session_id in ("sess_bad", "sess_good"):
        make_recording(make_session(session_id), expires_at=yesterday)
    Session.objects.update(expires_first=yesterday, expires_last=None)
    summarise = Session.summarise

    def fail(session):
        if session.kallglot_id == "sess_bad":
            raise RuntimeError("our own fault")
        summarise(session)

    monkeypatch.setattr(Session, "summarise", fail)
    pruning.prune()

    last = dict(Session.objects.values_list("kallglot_id", "expires_last"))
    assert last == {"sess_bad": None, "sess_good": yesterday}
