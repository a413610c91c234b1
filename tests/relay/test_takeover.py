"""Processes that die while they fill: others take over, and no broken file is ever left."""

import contextlib
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from types import SimpleNamespace

import pytest

from recordings.audio import wakeups
from recordings.audio.facts import read_facts
from recordings.audio.fill import Fill
from recordings.audio.growth import Growth, Head, Orphaned
from recordings.audio.source import GrowingFile
from recordings.audio.store import StorageFailed, Store
from recordings.audio.wakeups import Wakeups
from recordings.simulator import noise

from .asking import eventually
from .held import Versions

MEBIBYTE = 2**20


def begun_elsewhere(workshop, nursery, audio, bandwidth, arrived):
    """A recording of which another process has fetched `arrived` bytes."""
    thing = workshop.thing(audio)
    workshop.vendor.options.bandwidth = bandwidth
    child = nursery.fill(workshop.vendor, workshop.root, thing.key, thing.id)
    assert eventually(lambda: workshop.sent(thing) >= arrived)
    return thing, child


def test_a_dead_process_is_replaced_and_nobody_notices(workshop, nursery):
    thing, child = begun_elsewhere(workshop, nursery, noise(2 * MEBIBYTE), MEBIBYTE, MEBIBYTE // 2)
    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(workshop.read, thing) for _ in range(4)]
        assert eventually(lambda: any("watch" in name for name in workshop.threads()))
        workshop.vendor.options.bandwidth = 0
        child.kill()
        assert all(reader.result() == thing.bytes for reader in readers)
    assert workshop.gets(thing) == 2
    assert eventually(workshop.store.entry(thing.key).audio.exists)


def test_a_slow_listener_outlives_the_process_that_filled(workshop, nursery):
    """What had arrived stays readable while others begin anew in its place."""
    thing, child = begun_elsewhere(workshop, nursery, noise(2 * MEBIBYTE), MEBIBYTE, MEBIBYTE // 2)
    with contextlib.closing(workshop.open(thing)) as source:
        blocks = source.blocks(0, None)
        heard = [next(blocks)]
        child.kill()
        # Others begin anew, and are slow at it, while this listener takes block by block.
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(workshop.read, thing)
            assert eventually(lambda: workshop.gets(thing) == 2)
            heard += blocks
            assert b"".join(heard) == thing.bytes
            assert other.result() == thing.bytes


def test_another_version_is_not_joined_to_what_was_heard(workshop, nursery):
    sound = Versions(*(noise(2 * MEBIBYTE, seed=number) for number in (1, 2)))
    thing, child = begun_elsewhere(workshop, nursery, sound, MEBIBYTE, MEBIBYTE // 2)
    with contextlib.closing(workshop.open(thing)) as source:
        blocks = source.blocks(0, None)
        heard = [next(blocks)]
        sound.replace()
        child.kill()
        with pytest.raises(EOFError, match="has changed"):
            heard += blocks
    assert thing.bytes.startswith(b"".join(heard))
    assert workshop.read(thing) != thing.bytes, "the new version is kept"


def test_what_a_dead_process_left_is_not_taken_for_news(workshop, nursery):
    """A watcher that comes before the next fill has its head must not read the old one's."""
    thing, child = begun_elsewhere(workshop, nursery, noise(2 * MEBIBYTE), MEBIBYTE, MEBIBYTE // 2)
    child.kill()
    workshop.vendor.options.update({"bandwidth": 4 * MEBIBYTE, "latency_ms": 400})
    second = nursery.fill(workshop.vendor, workshop.root, thing.key, thing.id)
    assert eventually(lambda: workshop.gets(thing) == 2)
    assert workshop.read(thing) == thing.bytes
    assert second.result() == sha256(thing.bytes).hexdigest()
    assert workshop.gets(thing) == 2


def test_a_listener_goes_on_with_a_file_that_others_have_finished(workshop, nursery):
    thing, child = begun_elsewhere(workshop, nursery, noise(2 * MEBIBYTE), MEBIBYTE, MEBIBYTE // 2)
    with contextlib.closing(workshop.open(thing)) as source:
        blocks = source.blocks(0, None)
        heard = [next(blocks)]
        child.kill()
        assert eventually(lambda: not workshop.threads())
        workshop.vendor.options.bandwidth = 0
        assert (
            nursery.fill(workshop.vendor, workshop.root, thing.key, thing.id).result()
            == sha256(thing.bytes).hexdigest()
        )
        assert b"".join([*heard, *blocks]) == thing.bytes


def test_a_fill_that_is_over_before_it_can_be_joined_is_no_loss(workshop):
    thing = workshop.thing(noise(MEBIBYTE))
    workshop.relay.fetch(workshop.job(thing)).close()
    fd, facts = workshop.store.open_whole(thing.key)
    head = Head(facts.size, facts.mime, facts.extension, settled=True)
    killed, over = Growth(), Growth()
    killed.begin(head, fd)
    killed.advance(MEBIBYTE // 2)
    over.begin(head, os.dup(fd))
    over.finish()
    over.end()
    over.close()
    joined = iter([over, None])
    source = GrowingFile(
        thing.key, killed, lambda: next(joined), lambda: workshop.store.open_whole(thing.key)
    )
    with contextlib.closing(source), contextlib.closing(killed):
        blocks = source.blocks(0, None)
        heard = [next(blocks)]
        killed.end(Orphaned())
        assert b"".join([*heard, *blocks]) == thing.bytes


@pytest.mark.parametrize("kills", [25, pytest.param(100, marks=pytest.mark.endurance)])
def test_no_kill_at_any_moment_leaves_a_broken_file(kills, workshop, nursery):
    """Each kill leaves nothing, a part that is swept, or the whole and right file."""
    moments = random.Random(7)
    content = noise(MEBIBYTE // 2)
    # Slow enough that most kills strike in the midst of it, however busy the machine is.
    workshop.vendor.options.bandwidth = 8 * MEBIBYTE
    took = []
    left = {"nothing": 0, "part": 0, "whole": 0}
    for number in range(3 + kills):
        thing = workshop.thing(content)
        began = time.monotonic()
        child = nursery.fill(workshop.vendor, workshop.root, thing.key, thing.id)
        if number < 3:
            assert child.result() == sha256(thing.bytes).hexdigest()
            took.append(time.monotonic() - began)
            continue
        child.ended.wait(moments.uniform(0, min(took)))
        child.kill()
        left[state_of(workshop, thing)] += 1
        grow_old(workshop, thing)
        workshop.store.sweep()
        after = state_of(workshop, thing)
        assert after in ("nothing", "whole")
        entry = workshop.store.entry(thing.key)
        kept = {"audio", "facts.json"} if after == "whole" else set()
        found = set(os.listdir(entry.folder)) if entry.folder.exists() else set()
        assert found - {"checked.json"} == kept
    assert left["part"] >= kills // 5, left
    workshop.vendor.options.bandwidth = 0
    assert workshop.read(thing) == thing.bytes


def grow_old(workshop, thing) -> None:
    """What was made a moment ago is swept later: a fill may be about to lock it."""
    entry = workshop.store.entry(thing.key)
    for path in (entry.part, entry.folder):
        with contextlib.suppress(FileNotFoundError):
            os.utime(path, (0, 0))


def state_of(workshop, thing) -> str:
    """What is left of it in the store, found with nothing but the files."""
    entry = workshop.store.entry(thing.key)
    if entry.audio.exists():
        content = entry.audio.read_bytes()
        assert content == thing.bytes
        facts = read_facts(entry.facts)
        assert facts.size == len(content)
        assert facts.sha256 == sha256(content).hexdigest()
        return "whole"
    if entry.part.exists():
        assert not workshop.store.is_being_filled(thing.key)
        return "part"
    return "nothing"


def test_a_folder_that_is_taken_away_ends_the_listening(workshop):
    """Whatever becomes of the folder in the midst of a fill, nobody waits for ever."""
    thing = workshop.thing(noise(MEBIBYTE))
    workshop.vendor.options.bandwidth = MEBIBYTE
    with contextlib.closing(workshop.open(thing)) as source:
        blocks = source.blocks(0, None)
        heard = [next(blocks)]
        workshop.root.rename(workshop.root.with_name("elsewhere"))
        workshop.root.write_text("not a folder")
        # The bytes that come are right, to the end, or the listening breaks off.
        with ThreadPoolExecutor(1) as pool, contextlib.suppress(OSError, StorageFailed):
            heard += pool.submit(list, blocks).result(timeout=30)
    assert thing.bytes.startswith(b"".join(heard))
    assert eventually(lambda: not workshop.threads())


def test_a_thread_that_cannot_be_started_blocks_nobody(workshop, monkeypatch):
    thing = workshop.thing(noise(1000))

    def refuse(self):
        monkeypatch.undo()
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Fill, "start", refuse)
    with pytest.raises(StorageFailed):
        workshop.read(thing)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(workshop.read, thing).result(timeout=30) == thing.bytes


def test_waiting_works_with_a_thousand_files_open(tmp_path):
    """select() knows no descriptor above 1023; a thousand listeners have more."""
    with contextlib.ExitStack() as stack:
        spare = os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, spare)
        for _ in range(1100):
            stack.callback(os.close, os.dup(spare))
        waiting = stack.enter_context(contextlib.closing(Wakeups(tmp_path)))
        timer = threading.Timer(0.05, (tmp_path / "news").touch)
        timer.start()
        began = time.monotonic()
        waiting.wait(60)
        assert time.monotonic() - began < 30
        timer.join()


def test_without_inotify_others_are_followed_all_the_same(workshop, nursery, monkeypatch):
    """The kernel has few inotify instances per user; without one there is still a way."""
    thing, child = begun_elsewhere(workshop, nursery, noise(MEBIBYTE), MEBIBYTE, 200_000)

    refusing = SimpleNamespace(inotify_init1=lambda *_: -1, inotify_add_watch=lambda *_: -1)
    monkeypatch.setattr(wakeups, "_libc", refusing)
    assert workshop.read(thing) == thing.bytes
    assert child.result() == sha256(thing.bytes).hexdigest()
    assert workshop.gets(thing) == 1


def test_a_file_put_in_its_place_a_moment_ago_is_not_taken_for_a_left_over(workshop):
    thing = workshop.thing(noise(10_000))
    workshop.relay.fetch(workshop.job(thing)).close()
    assert eventually(lambda: not workshop.threads())
    # The fill has not yet tidied up behind itself when another process asks.
    workshop.store.entry(thing.key).head.touch()
    assert workshop.store.claim(thing.key) is None
    assert workshop.read(thing) == thing.bytes
    assert workshop.gets(thing) == 1


@pytest.mark.parametrize("fills", [25, pytest.param(150, marks=pytest.mark.endurance)])
def test_sweeping_disturbs_no_fill(fills, workshop):
    """Another process sweeps every minute, at any moment of a fill."""
    over = threading.Event()

    def sweep():
        store = Store(workshop.root)
        while not over.is_set():
            store.sweep()

    with ThreadPoolExecutor(1) as pool:
        sweeping = pool.submit(sweep)
        try:
            for _ in range(fills):
                thing = workshop.thing(noise(2_000))
                workshop.relay.fetch(workshop.job(thing)).close()
                assert workshop.gets(thing) == 1
                workshop.store.discard(thing.key)
        finally:
            over.set()
        sweeping.result()


def test_only_folders_of_its_own_making_are_swept(workshop):
    """An audio folder that was set to the wrong place must not cost anybody their files."""
    strangers = [workshop.root / name for name in ("lost+found", "2024-photos", "home", "7-zip")]
    for folder in strangers:
        folder.mkdir(parents=True)
        (folder / "letter.txt").write_text("mine")
    workshop.store.sweep()
    assert not set(workshop.store.all_keys())
    assert all((folder / "letter.txt").exists() for folder in strangers)
