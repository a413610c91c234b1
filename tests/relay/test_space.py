"""The audio folder: how it looks, how it is kept small, and what happens when it fails."""

import contextlib
import errno
import os
import shutil
import stat
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from recordings.audio.progress import Progress
from recordings.audio.store import StorageFailed, Store
from recordings.audio.wishes import Wishes
from recordings.simulator import make_call, noise

from .asking import eventually, open_raw

_ROOT = Path(__file__).resolve().parent.parent.parent
N = 100_000


def cached(portal, audio, **facts):
    sound = portal.sound(audio, **facts)
    assert portal.ask(sound.audio).body[:1000] == sound.bytes[:1000]
    assert eventually(lambda: sound.is_cached)
    return sound


def outdate(store, thing):
    """Let it look as if it was last heard an hour ago."""
    then = time.time() - 3600
    os.utime(store.entry(thing.key).facts, (then, then))


def whole(workshop, thing):
    assert workshop.read(thing) == thing.bytes
    assert eventually(lambda: not workshop.threads())
    return thing


# -- how it looks ------------------------------------------------------------------------------


def test_only_the_owner_may_look(portal):
    sound = cached(portal, noise(N))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in sound.entry.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(sound.entry.stat().st_mode) == 0o700
    assert stat.S_IMODE(portal.audio_dir.stat().st_mode) == 0o700
    assert {path.name for path in modes} == {"audio", "facts.json", "checked.json"}


def test_names_are_our_own_and_letter_case_counts(portal):
    one = cached(portal, noise(N), recording_id="rec_CaseA_mixed")
    other = cached(portal, noise(N - 1), recording_id="rec_casea_mixed")
    assert portal.ask(one.audio).body == one.bytes
    assert portal.ask(other.audio).body == other.bytes
    assert one.entry.name.lower() != other.entry.name.lower()
    assert "rec_" not in one.entry.name


# -- how it is kept small ------------------------------------------------------------------------


def test_the_longest_unused_goes_first(workshop):
    things = [whole(workshop, workshop.thing(noise(N))) for _ in range(5)]
    for thing in things[:4]:
        outdate(workshop.store, thing)
    before = time.time() - 7200
    os.utime(workshop.store.entry(things[2].key).facts, (before, before))
    limited = Store(workshop.root, max_bytes=3 * N)
    limited.quota.make_room(N // 2)
    kept = set(limited.all_keys())
    assert things[2].key not in kept
    assert things[4].key in kept, "it was heard a moment ago"
    assert len(kept) == 2


def test_a_file_is_not_evicted_while_it_is_read(workshop):
    read, unread = (whole(workshop, workshop.thing(noise(N))) for _ in range(2))
    with contextlib.closing(workshop.open(read)) as source:
        for thing in (read, unread):
            outdate(workshop.store, thing)
        Store(workshop.root, max_bytes=1).quota.make_room(0)
        assert set(workshop.store.all_keys()) == {read.key}
        assert b"".join(source.blocks(0, None)) == read.bytes
    Store(workshop.root, max_bytes=1).quota.make_room(0)
    assert not set(workshop.store.all_keys())


def test_a_fill_is_not_evicted(workshop):
    thing = workshop.thing(noise(N * 3))
    workshop.vendor.options.bandwidth = N * 4
    with contextlib.closing(workshop.open(thing)) as source:
        Store(workshop.root, max_bytes=1).quota.make_room(0)
        workshop.store.sweep()
        assert b"".join(source.blocks(0, None)) == thing.bytes
    assert eventually(lambda: not workshop.threads())
    assert workshop.store.entry(thing.key).audio.exists()


# -- what may happen to a file -------------------------------------------------------------------


def test_a_file_deleted_while_it_is_sent_ends_whole(portal):
    """Eight megabytes do not fit into the buffers on the way, so sending goes on after it."""
    sound = cached(portal, noise(8 * 2**20))
    headers = {**portal.headers(), "Connection": "close"}
    with open_raw(portal.port, sound.download, headers, buffer=4096) as connection:
        answer = bytearray(connection.recv(1000))
        shutil.rmtree(sound.entry)
        while block := connection.recv(2**20):
            answer += block
    assert answer.partition(b"\r\n\r\n")[2] == sound.bytes


def test_a_file_that_expires_while_it_is_sent_ends_whole(portal):
    sound = cached(portal, noise(8 * 2**20))
    headers = {**portal.headers(), "Connection": "close"}
    with open_raw(portal.port, sound.download, headers, buffer=4096) as connection:
        answer = bytearray(connection.recv(1000))
        portal.change(sound, expires_at=timezone.now() - timedelta(seconds=1))
        assert portal.ask(sound.audio, Range="bytes=5-9").status == 410
        assert sound.entry is None
        while block := connection.recv(2**20):
            answer += block
    assert answer.partition(b"\r\n\r\n")[2] == sound.bytes


def shorter(path):
    os.truncate(path / "audio", N - 1)


def longer(path):
    with (path / "audio").open("ab") as file:
        file.write(b"x")


def gone(path):
    (path / "audio").unlink()


def without_facts(path):
    (path / "facts.json").unlink()


def with_broken_facts(path):
    (path / "facts.json").write_text('{"size": 1')


def with_other_facts(path):
    (path / "facts.json").write_text('{"colour": "red"}')


def a_link(path):
    (path / "audio").unlink()
    (path / "audio").symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    "harm", [shorter, longer, gone, without_facts, with_broken_facts, with_other_facts, a_link]
)
def test_a_harmed_file_is_noticed_before_the_head(portal, harm):
    sound = cached(portal, noise(N))
    harm(sound.entry)
    for _ in range(2):
        answer = portal.ask(sound.download)
        if harm is a_link:
            # Somebody else has their hands in our folder: no file of theirs is ever sent.
            assert answer.status == 503 or answer.body == sound.bytes
        else:
            assert (answer.status, answer.body) == (200, sound.bytes)
    assert portal.vendor_gets(sound) <= 2


# -- when the folder fails -----------------------------------------------------------------------


@contextlib.contextmanager
def broken_folder(portal, how):
    aside = portal.audio_dir.with_name("aside")
    portal.audio_dir.rename(aside)
    try:
        how(portal.audio_dir)
        yield
    finally:
        # A download that goes on would write what is taken away here.
        assert eventually(lambda: not portal.relay_threads())
        if portal.audio_dir.is_symlink() or portal.audio_dir.is_file():
            portal.audio_dir.unlink()
        else:
            shutil.rmtree(portal.audio_dir, ignore_errors=True)
        aside.rename(portal.audio_dir)


def test_a_folder_that_cannot_be_used_is_said_once_and_served_around(portal):
    sound = cached(portal, noise(N))
    told_before = len(portal.log)
    with broken_folder(portal, lambda path: path.write_text("a file in its place")):
        for path in (sound.audio, sound.download):
            answer = portal.ask(path)
            assert (answer.status, answer.headers["Cache-Control"]) == (503, "no-store")
            assert int(answer.headers["Retry-After"]) > 0
            assert not answer.headers["Content-Type"].startswith("audio/")
        assert portal.ask("/").status == 200
    told = portal.log[told_before:]
    # At most once a minute, so another test may have had the warning.
    assert told.count("audio folder cannot be used") <= 1
    assert "audio folder cannot be used" in portal.log
    assert "Traceback" not in told
    assert portal.ask(sound.audio).body == sound.bytes


def test_a_missing_folder_is_made(portal):
    sound = cached(portal, noise(N))
    with broken_folder(portal, lambda path: None):
        assert portal.ask(sound.audio).body == sound.bytes
        assert stat.S_IMODE(portal.audio_dir.stat().st_mode) == 0o700


def test_a_full_disk_never_shortens_an_answer(kallglot):
    """In a namespace of its own, on a file system of 1 MiB: 503, a break, then small ones work."""
    command = ["unshare", "-rm", sys.executable, "-m", "tests.relay.full_disk", kallglot.url]
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces are not allowed here")
    kallglot.options.bandwidth = 0
    for name, size in (("big", 3 * 2**20), ("small", 200_000)):
        kallglot.add_call(make_call(f"sess_disk{name}", {"mixed": noise(size)}))
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == ["broken", "clean", "whole"]


def test_a_store_below_a_file_fails_by_its_own_name(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "audio")
    with pytest.raises(StorageFailed):
        store.claim("1-000000000001")
    assert store.open_whole("1-000000000001") is None
    assert store.sweep() == 0


@pytest.mark.parametrize("small_file", [Progress, Wishes])
def test_a_disk_that_fills_up_at_a_small_file_leaves_none_open(small_file, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        small_file.create(tmp_path / "small")
    # Only in its folder: other threads of this process open and close files as well.
    opened = (path.resolve() for path in Path("/proc/self/fd").iterdir())
    assert not [path for path in opened if path.is_relative_to(tmp_path)]
