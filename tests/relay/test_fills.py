"""One download per recording, whoever asks, and a second one only for a jump far ahead."""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from recordings.audio.job import Job
from recordings.kallglot import Client, errors
from recordings.simulator import noise

from .asking import eventually, open_raw
from .held import Versions

MEBIBYTE = 2**20


def test_two_hundred_listeners_cost_the_vendor_one_request(portal):
    sound = portal.sound(noise(MEBIBYTE))
    portal.vendor.options.latency_ms = 100
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda _: portal.ask(sound.download), range(200)))
    assert all(answer.whole and answer.body == sound.bytes for answer in answers)
    assert portal.vendor_gets(sound) == 1


def test_processes_share_one_download(workshop, nursery):
    thing = workshop.thing(noise(MEBIBYTE))
    workshop.vendor.options.bandwidth = 4 * MEBIBYTE
    children = [nursery.fill(workshop.vendor, workshop.root, thing.key, thing.id) for _ in range(4)]
    assert workshop.read(thing) == thing.bytes
    assert {child.result() for child in children} == {sha256(thing.bytes).hexdigest()}
    assert workshop.gets(thing) == 1


def test_a_listener_in_another_process_hears_each_byte_soon_after_it_arrives(workshop, nursery):
    thing = workshop.thing(noise(2 * MEBIBYTE))
    workshop.vendor.options.bandwidth = MEBIBYTE
    nursery.fill(workshop.vendor, workshop.root, thing.key, thing.id)
    assert workshop.vendor.requests.wait_until(lambda _: workshop.gets(thing) == 1)
    behind = []
    with contextlib.closing(workshop.open(thing)) as source:
        heard = 0
        for block in source.blocks(0, None):
            heard += len(block)
            behind.append(workshop.sent(thing) - heard)
    assert heard == len(thing.bytes)
    assert len(behind) > 4
    # Half a second at this rate: far from waiting for the end, however busy the machine is.
    assert sorted(behind)[len(behind) // 2] < MEBIBYTE / 2


def test_the_first_listener_may_leave(portal):
    sound = portal.sound(noise(MEBIBYTE))
    portal.vendor.options.bandwidth = 2 * MEBIBYTE
    first = open_raw(portal.port, sound.download, portal.headers())
    first.recv(1)
    with ThreadPoolExecutor(5) as pool:
        others = [pool.submit(portal.ask, sound.download) for _ in range(5)]
        first.close()
        assert all(other.result().body == sound.bytes for other in others)
    assert portal.vendor_gets(sound) == 1


def test_a_recording_arrives_though_everybody_has_left(portal):
    sound = portal.sound(noise(MEBIBYTE))
    portal.vendor.options.bandwidth = 4 * MEBIBYTE
    only = open_raw(portal.port, sound.download, portal.headers())
    only.recv(1)
    only.close()
    assert eventually(lambda: sound.is_cached)
    assert portal.ask(sound.download).body == sound.bytes
    assert portal.vendor_gets(sound) == 1


@pytest.mark.parametrize(("ranges", "requests"), [(True, 2), (False, 1)])
def test_jumps_cost_at_most_one_more_request(portal, ranges, requests):
    sound = portal.sound(noise(4 * MEBIBYTE))
    portal.vendor.options.update({"range": ranges, "validators": "strong", "bandwidth": MEBIBYTE})
    total = len(sound.bytes)
    with ThreadPoolExecutor(8) as pool:
        whole = pool.submit(portal.ask, sound.download)
        assert eventually(lambda: portal.vendor_gets(sound) == 1)
        for place in (0.9, 0.2, 0.95):
            start = int(total * place)
            line = f"bytes={start}-{start + 999}"
            jump = portal.ask(sound.audio, Range=line)
            assert jump.body == sound.bytes[start : start + 1000]
            if ranges and place == 0.9:
                main = portal.vendor.requests.matching(f"/{sound.id}/audio")[0]
                assert main.sent < start, "it waited for the main stream"
        assert whole.result().body == sound.bytes
    assert portal.vendor_gets(sound) == requests
    sent = sum(r.sent for r in portal.vendor.requests.matching(f"/{sound.id}/audio"))
    assert sent <= 1.1 * total
    assert eventually(lambda: sound.is_cached)
    assert portal.ask(sound.download).body == sound.bytes


def test_a_jump_in_another_process_waits_for_no_block_of_the_main_stream(workshop, nursery):
    thing = workshop.thing(noise(4 * MEBIBYTE))
    workshop.vendor.options.update({"range": True, "validators": "strong", "bandwidth": MEBIBYTE})
    # Half a second's bytes, and then nothing more on that connection.
    workshop.vendor.faults.add("stall", f"/{thing.id}/audio", times=1, after=MEBIBYTE // 2)
    child = nursery.fill(workshop.vendor, workshop.root, thing.key, thing.id)
    assert workshop.vendor.requests.wait_until(lambda _: workshop.gets(thing) == 1)
    assert workshop.read(thing, 0, MEBIBYTE // 2) == thing.bytes[: MEBIBYTE // 2]
    start = int(len(thing.bytes) * 0.9)
    with ThreadPoolExecutor(1) as pool:
        jump = pool.submit(workshop.read, thing, start, start + 1000)
        assert jump.result(8) == thing.bytes[start : start + 1000]
    assert not child.ended.is_set(), "the main stream was given up meanwhile"
    child.kill()


def test_a_jump_made_too_early_to_judge_the_line_is_judged_later(workshop, monkeypatch):
    # Long enough that the jump is too early on a busy machine too.
    monkeypatch.setattr("recordings.audio.fill.RATE_KNOWN_AFTER_S", 2.5)
    monkeypatch.setattr("recordings.audio.wishes._LOOK_ANYWAY_EVERY_S", 60)
    thing = workshop.thing(noise(4 * MEBIBYTE))
    workshop.vendor.options.update({"range": True, "validators": "strong"})
    workshop.vendor.faults.add("stall", f"/{thing.id}/audio", times=1, after=MEBIBYTE // 2)
    start = int(len(thing.bytes) * 0.9)
    patient = Client(workshop.vendor.key, workshop.vendor.url)
    job = Job(thing.key, lambda start: patient.open_audio(thing.id, start=start))
    with contextlib.closing(patient), ThreadPoolExecutor(1) as pool:
        with contextlib.closing(workshop.relay.open(job, for_player=False)) as source:
            jump = pool.submit(lambda: b"".join(source.blocks(start, start + 1000)))
            assert jump.result(8) == thing.bytes[start : start + 1000]
        workshop.store.discard(thing.key)
        assert workshop.vendor.requests.wait_until(lambda _: workshop.gets(thing) == 2)
        workshop.vendor.faults.clear()
        assert eventually(lambda: not workshop.threads())


TAIL_FAULTS = {
    "refused": ("status", {"status": 403}),
    "gone": ("status", {"status": 404}),
    "error": ("status", {"status": 500}),
    "everything": ("range_ignored", {}),
    "another part": ("unasked_partial", {"start": 10, "stop": 20}),
    "cut": ("truncated", {"after": 50_000}),
    "reset": ("reset", {"after": 50_000}),
    "stalled": ("stall", {"after": 50_000}),
    "html": ("wrong_type", {}),
}


@pytest.mark.parametrize("name", TAIL_FAULTS)
def test_a_tail_that_fails_does_no_harm(workshop, name):
    kind, details = TAIL_FAULTS[name]
    thing = workshop.thing(noise(3 * MEBIBYTE))
    workshop.vendor.options.update({"range": True, "validators": "strong", "bandwidth": MEBIBYTE})
    workshop.vendor.faults.add(kind, f"/{thing.id}/audio", skip=1, **details)
    start = int(len(thing.bytes) * 0.9)
    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(workshop.read, thing)
        assert eventually(lambda: workshop.gets(thing) == 1)
        assert workshop.read(thing, start) == thing.bytes[start:]
        assert whole.result() == thing.bytes
    assert workshop.gets(thing) >= 2, "no tail was tried"
    assert eventually(lambda: workshop.store.open_whole(thing.key) is not None)
    assert workshop.read(thing) == thing.bytes


@pytest.mark.parametrize("validators", ["off", "date", "weak", "strong"])
def test_parts_of_two_versions_are_never_joined(workshop, validators):
    thing = workshop.thing(sound := Versions(*(noise(3 * MEBIBYTE, seed=n) for n in (1, 2))))
    workshop.vendor.options.update({"range": True, "validators": validators, "bandwidth": MEBIBYTE})
    start = int(len(thing.bytes) * 0.9)
    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(workshop.read, thing)
        assert eventually(lambda: workshop.sent(thing))
        sound.replace()
        assert workshop.read(thing, start) == thing.bytes[start:]
        assert whole.result() == thing.bytes
    # Without a strong validator a second request cannot help.
    assert (workshop.gets(thing) > 1) == (validators == "strong")


def test_a_tail_ends_with_its_fill(workshop, tmp_path):
    """Otherwise it would write on, to a descriptor that is another file's by then."""
    thing = workshop.thing(noise(4 * MEBIBYTE))
    workshop.vendor.options.update(
        {"range": True, "validators": "strong", "bandwidth": MEBIBYTE / 2}
    )
    workshop.vendor.faults.add("truncated", f"/{thing.id}/audio", times=1, after=MEBIBYTE)
    start = 2 * MEBIBYTE
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(contextlib.closing(workshop.open(thing)))
        assert next(source.blocks(start, start + 1000)) == thing.bytes[start : start + 1000]
        with pytest.raises(errors.TruncatedAudio):
            list(source.blocks(0, None))
        others = [stack.enter_context((tmp_path / f"{n}").open("wb")) for n in range(20)]
        assert eventually(lambda: not workshop.threads())
        assert [os.fstat(other.fileno()).st_size for other in others] == [0] * 20
    assert workshop.vendor.requests.wait_until(lambda log: all(r.done for r in log))
    workshop.vendor.options.bandwidth = 0
    assert workshop.read(thing) == thing.bytes


@pytest.mark.parametrize("kind", ["no_length", "chunked"])
def test_without_a_length_there_are_ranges_once_all_is_there(portal, kind):
    sound = portal.sound(noise(MEBIBYTE))
    portal.vendor.options.bandwidth = 4 * MEBIBYTE
    portal.vendor.faults.add(kind, f"/{sound.id}/audio")
    early = portal.ask(sound.audio, Range="bytes=5-9")
    assert (early.status, early.headers["Accept-Ranges"]) == (200, None)
    assert early.whole
    assert early.body == sound.bytes
    assert eventually(lambda: sound.is_cached)
    late = portal.ask(sound.audio, Range="bytes=5-9")
    assert (late.status, late.body) == (206, sound.bytes[5:10])
    assert portal.vendor_gets(sound) == 1
