"""Kept files that the disk has damaged, and strange things in their places."""

import contextlib
import json
import os
import shutil
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from recordings.audio.checks import identity
from recordings.audio.relay import Relay
from recordings.audio.store import StorageFailed, Store
from recordings.simulator import noise

from .asking import eventually

N = 300_000


def whole(workshop):
    """A recording that is kept."""
    thing = workshop.thing(noise(N))
    assert workshop.read(thing) == thing.bytes
    assert eventually(lambda: not workshop.threads())
    return thing


def damage(path, at=N // 2, content=b"\0" * 64):
    """Overwrite bytes in the middle; length and time of modification stay."""
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def claim_checked(workshop, thing, seconds_ago):
    """Note that the file was found good then, as a check would."""
    entry = workshop.store.entry(thing.key)
    note = {"identity": identity(entry.audio.stat()), "at": time.time() - seconds_ago}
    entry.checked.write_text(json.dumps(note))


def restart(workshop):
    workshop.store = Store(workshop.root)
    workshop.relay = Relay(workshop.store)


def play(workshop, thing):
    source = workshop.relay.open(workshop.job(thing), for_player=True)
    with contextlib.closing(source):
        return b"".join(source.blocks(0, None))


# -- damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("way", ["open", "fetch"])
def test_a_damaged_file_is_fetched_again_before_it_is_handed_out(workshop, caplog, way, restarted):
    thing = whole(workshop)
    damage(workshop.store.entry(thing.key).audio)
    if restarted:
        restart(workshop)
    for _ in range(2):
        if way == "open":
            assert workshop.read(thing) == thing.bytes
        else:
            with contextlib.closing(workshop.relay.fetch(workshop.job(thing))) as source:
                assert b"".join(source.blocks(0, None)) == thing.bytes
        assert eventually(lambda: not workshop.threads())
    assert workshop.gets(thing) == 2
    assert caplog.text.count(f"The kept audio {thing.key} is damaged") == 1


def test_playing_a_damaged_file_has_it_fetched_again(workshop, caplog):
    thing = whole(workshop)
    damage(workshop.store.entry(thing.key).audio)
    # Playing does not wait for the check, so what is played first may be either.
    assert len(play(workshop, thing)) == N
    assert eventually(lambda: not workshop.store.entry(thing.key).audio.exists())
    assert play(workshop, thing) == thing.bytes
    assert workshop.gets(thing) == 2
    assert f"The kept audio {thing.key} is damaged" in caplog.text


def test_a_restart_has_a_file_checked_that_seems_unchanged(workshop):
    thing = whole(workshop)
    damage(workshop.store.entry(thing.key).audio)
    claim_checked(workshop, thing, seconds_ago=3600)
    restart(workshop)
    assert len(play(workshop, thing)) == N
    assert eventually(lambda: not workshop.store.entry(thing.key).audio.exists())


@pytest.mark.parametrize(("hours_ago", "trusted"), [(23, True), (25, False), (-1, False)])
def test_a_check_holds_for_a_day(workshop, hours_ago, trusted):
    thing = whole(workshop)
    damage(workshop.store.entry(thing.key).audio)
    claim_checked(workshop, thing, seconds_ago=hours_ago * 3600)
    restart(workshop)
    assert (workshop.read(thing) == thing.bytes) != trusted


def test_damaged_facts_are_not_believed(workshop):
    thing = whole(workshop)
    facts = workshop.store.entry(thing.key).facts
    facts.write_text(facts.read_text().replace("audio/mpeg", "audio/mpfg"))
    restart(workshop)
    with contextlib.closing(workshop.open(thing)) as source:
        assert source.mime == "audio/mpeg"
    assert workshop.gets(thing) == 2


def test_files_of_an_earlier_release_are_kept(workshop):
    thing = whole(workshop)
    entry = workshop.store.entry(thing.key)
    facts = json.loads(entry.facts.read_text())
    del facts["checksum"]
    without_checksum = {**facts, "vendor_etag": '"1"'}
    fewer = {name: value for name, value in facts.items() if not name.startswith("exact_")}
    checksum = zlib.crc32(json.dumps(fewer, sort_keys=True).encode())
    for kept in (without_checksum, {**fewer, "checksum": checksum}):
        entry.facts.write_text(json.dumps(kept))
        entry.checked.unlink(missing_ok=True)
        restart(workshop)
        assert workshop.read(thing) == thing.bytes
        assert workshop.gets(thing) == 1


# -- strange things ----------------------------------------------------------------------------


def a_link(path, elsewhere):
    path.symlink_to(elsewhere)


def a_fifo(path, elsewhere):
    os.mkfifo(path)


def a_folder(path, elsewhere):
    path.mkdir()
    (path / "inside").write_text("mine")


STRANGERS = [a_link, a_fifo, a_folder]
PLACES = ["audio", "facts.json", "checked.json"]
PLACES_OF_A_FILL = ["audio", "audio.part", "head.json", "progress", "wishes", "facts.new"]


def read_in_time(workshop, thing):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(workshop.read, thing).result(timeout=20)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_no_file_is_a_miss(workshop, tmp_path, stranger):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"x" * N)
    for place in PLACES:
        thing = whole(workshop)
        path = workshop.store.entry(thing.key).folder / place
        path.unlink()
        stranger(path, elsewhere)
        restart(workshop)
        workshop.store.sweep()
        assert read_in_time(workshop, thing) == thing.bytes, place
        assert workshop.gets(thing) <= 2
    for place in PLACES_OF_A_FILL:
        thing = workshop.thing(noise(N))
        folder = workshop.store.entry(thing.key).folder
        folder.mkdir(mode=0o700)
        stranger(folder / place, elsewhere)
        assert read_in_time(workshop, thing) == thing.bytes, place
        assert eventually(lambda: not workshop.threads())
        kept = {path.name for path in folder.iterdir()}
        assert kept == {"audio", "facts.json", "checked.json"}, place
    assert elsewhere.read_bytes() == b"x" * N


@pytest.mark.parametrize("stranger", [a_link, a_fifo])
def test_what_is_no_folder_is_a_miss(workshop, tmp_path, stranger):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    thing = whole(workshop)
    folder = workshop.store.entry(thing.key).folder
    shutil.rmtree(folder)
    stranger(folder, elsewhere)
    restart(workshop)
    assert read_in_time(workshop, thing) == thing.bytes
    assert not list(elsewhere.iterdir())


# -- the limit ---------------------------------------------------------------------------------


def test_the_limit_holds_while_all_files_are_in_use(workshop):
    workshop.store = Store(workshop.root, max_bytes=2 * N)
    workshop.relay = Relay(workshop.store)
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            thing = workshop.thing(noise(N))
            stack.enter_context(contextlib.closing(workshop.relay.fetch(workshop.job(thing))))
        # Fetched before it was known that there is no room: heard to its end, but not kept.
        third = workshop.thing(noise(N))
        assert workshop.read(third) == third.bytes
        assert eventually(lambda: not workshop.threads())
        refused = [workshop.thing(noise(N)) for _ in range(3)]
        for thing in refused:
            with pytest.raises(StorageFailed, match="limit"):
                workshop.read(thing)
            assert workshop.gets(thing) == 0
        assert workshop.store.quota.used_bytes() == 2 * N
    for key in workshop.store.all_keys():
        os.utime(workshop.store.entry(key).facts, (0, 0))
    assert workshop.read(third) == third.bytes
    assert eventually(lambda: not workshop.threads())
    assert workshop.store.quota.used_bytes() <= 2 * N


def test_one_file_may_be_larger_than_the_limit(workshop):
    workshop.store = Store(workshop.root, max_bytes=N // 2)
    workshop.relay = Relay(workshop.store)
    for _ in range(2):
        thing = whole(workshop)
        assert workshop.store.entry(thing.key).audio.exists()
        os.utime(workshop.store.entry(thing.key).facts, (0, 0))
