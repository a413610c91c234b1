"""What the vendor does wrong never sounds like a call, and nothing of it stays."""

import shutil
from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import AuditEvent
from recordings.simulator import noise
from tests.audio.files import data

from .asking import eventually
from .held import Held

N = 400_000
HELD_AT = 100_000
AFTER = 150_000

# kind of fault, its details, our status
BEFORE_THE_HEAD = {
    "key refused": ("status", {"status": 401}, 502),
    "payment": ("status", {"status": 402}, 502),
    "forbidden": ("status", {"status": 403}, 502),
    "not found": ("status", {"status": 404}, 404),
    "gone": ("status", {"status": 410}, 410),
    "too many requests": ("status", {"status": 429, "retry_after": 7}, 503),
    "error": ("status", {"status": 500}, 502),
    "bad gateway": ("status", {"status": 502}, 502),
    "unavailable": ("status", {"status": 503, "retry_after": 20}, 503),
    "gateway timeout": ("status", {"status": 504}, 504),
    "teapot": ("status", {"status": 418}, 502),
    "not ready": ("status", {"status": 409}, 503),
    "html": ("html_error", {"status": 500}, 502),
    "html as audio": ("wrong_type", {"type": "text/html"}, 502),
    "json as audio": ("wrong_type", {"type": "application/json"}, 502),
    "gzip": ("gzip", {}, 502),
    "gzip bomb": ("gzip_bomb", {"size": 20 * 2**20}, 502),
    "redirect in a circle": ("redirect", {}, 502),
    "redirect to plain http": ("redirect", {"location": "http://media.example/a.mp3"}, 502),
    "redirect to a stranger": ("redirect", {"location": "https://evil.example/a.mp3"}, 502),
    "redirect inside": ("redirect", {"location": "https://169.254.169.254/a"}, 502),
    "a length that is none": ("wrong_length", {}, 502),
    "a negative length": ("wrong_length", {"value": "-5"}, 502),
    "two lengths": ("double_length", {}, 502),
    "empty": ("empty", {}, 502),
    "a part of it": ("unasked_partial", {"start": 0, "stop": 1000}, 502),
    "cut at once": ("truncated", {"after": 1000}, 502),
    "reset at once": ("reset", {"after": -1}, 502),
    "hung up": ("hang_up", {}, 502),
    "no answer": ("never_answer", {}, 504),
    "stalled at once": ("stall", {"after": 1000}, 504),
}

AFTER_THE_HEAD = {
    "truncated": {"after": AFTER},
    "reset": {"after": AFTER},
    "stall": {"after": AFTER},
    "trickle": {"after": AFTER},
    "cut_chunked": {"after": AFTER},
    "endless": {},
}


def spoil(portal, sound, kind, details, **fault):
    portal.vendor.faults.add(kind, f"/recordings/{sound.id}/audio", **fault, **details)


def heal(portal):
    portal.vendor.faults.clear()
    portal.forget_trouble()


def assert_clean(portal, sound, wait=False):
    """Nothing is left, and a healthy vendor's recording comes whole and right.

    wait: the vendor has asked for some time first.
    """
    assert eventually(lambda: not portal.left_overs(sound)), portal.left_overs(sound)
    assert not sound.is_cached
    heal(portal)
    portal.change(sound, gone_since=None)
    if wait:
        assert eventually(lambda: portal.ask(sound.download).status == 200)
    answer = portal.ask(sound.download)
    assert (answer.status, answer.whole, answer.body == sound.bytes) == (200, True, True)


@pytest.mark.parametrize("name", BEFORE_THE_HEAD)
@pytest.mark.parametrize("place", ["audio", "download"])
def test_a_fault_before_the_head_is_a_clean_answer(portal, name, place):
    kind, details, status = BEFORE_THE_HEAD[name]
    sound = portal.sound(noise(N))
    spoil(portal, sound, kind, details)
    answer = portal.ask(getattr(sound, place))
    assert answer.status == status
    assert answer.whole
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.headers["Content-Type"].startswith("audio/")
    for secret in (portal.vendor.key, portal.vendor.url, "simulat", "example", sound.bytes[:9]):
        secret = secret if isinstance(secret, bytes) else secret.encode()
        assert secret not in answer.body
    assert portal.vendor.key not in portal.log
    if "retry_after" in details:
        told = int(answer.headers["Retry-After"])
        assert details["retry_after"] <= told <= details["retry_after"] + 3
    assert_clean(portal, sound, wait=name == "not ready")


def ask_before_the_fault(portal, kind, details, place):
    """A sound that strikes the fault once our head is out, and the answer to who asked for it."""
    held = Held(noise(N), HELD_AT)
    sound = portal.sound(held)
    spoil(portal, sound, kind, details)
    held.hold()
    last = {"Range": f"bytes=0-{N - 1}"} if place == "audio" else {}
    return sound, portal.ask(getattr(sound, place), on_head=held.let_go, **last)


@pytest.mark.parametrize("kind", AFTER_THE_HEAD)
@pytest.mark.parametrize("place", ["audio", "download"])
def test_a_fault_after_the_head_breaks_the_connection(portal, kind, place):
    sound, answer = ask_before_the_fault(portal, kind, AFTER_THE_HEAD[kind], place)
    assert answer.status in (200, 206)
    assert not answer.whole
    if kind != "endless":
        assert sound.bytes.startswith(answer.body)
    assert_clean(portal, sound)


@pytest.mark.parametrize("place", ["audio", "download"])
def test_more_bytes_than_announced_are_never_kept(portal, place):
    sound, answer = ask_before_the_fault(portal, "too_many", {}, place)
    assert answer.status in (200, 206)
    # The end may have been on its way already when the surplus came; none of that is sent.
    assert sound.bytes.startswith(answer.body)
    assert_clean(portal, sound)


@pytest.mark.parametrize("place", ["audio", "download"])
def test_more_bytes_than_announced_before_the_head_are_a_clean_answer(portal, place):
    # So short that all has come before there is anything to begin an answer with.
    sound = portal.sound(noise(1000))
    spoil(portal, sound, "too_many", {})
    answer = portal.ask(getattr(sound, place))
    assert (answer.status, answer.whole) == (502, True)
    assert not answer.headers["Content-Type"].startswith("audio/")
    assert sound.bytes[:9] not in answer.body
    assert_clean(portal, sound)


def test_random_faults_give_whole_answers_or_clean_errors(portal):
    for number, kind in enumerate(("status", "truncated", "reset", "hang_up", "html_error")):
        portal.vendor.faults.add(kind, "/audio", probability=0.25, seed=number)
    outcomes = set()
    for _ in range(40):
        sound = portal.sound(noise(60_000))
        answer = portal.ask(sound.download)
        outcomes.add((answer.status, answer.whole))
        if answer.status == 200 and answer.whole:
            assert answer.body == sound.bytes
        else:
            assert not answer.whole or answer.status in (502, 503, 504)
        portal.forget_trouble()
    assert {(200, True), (502, True)} <= outcomes


PASSING = {
    "unavailable": ("status", {"status": 503}),
    "error": ("status", {"status": 500}),
    "too many requests": ("status", {"status": 429}),
    "hung up": ("hang_up", {}),
    "no answer": ("never_answer", {}),
    "html": ("wrong_type", {"type": "text/html"}),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_in_mid_play_breaks_the_connection(portal, name):
    """Chromium gives up for good at an error status, and tries again after a break."""
    sound = portal.sound(noise(N))
    assert portal.ask(sound.audio, Range="bytes=0-").body == sound.bytes
    assert eventually(lambda: sound.is_cached)
    shutil.rmtree(sound.entry)
    spoil(portal, sound, *PASSING[name])
    later = portal.ask(sound.audio, Range=f"bytes={AFTER}-")
    assert (later.status, later.whole, later.body) == (206, False, b"")
    assert later.headers["Content-Range"] == f"bytes {AFTER}-{N - 1}/{N}"
    # The beginning of a playback and a download are told what is the matter.
    assert portal.ask(sound.audio, Range="bytes=0-").status >= 500
    assert portal.ask(sound.download, Range=f"bytes={AFTER}-").status >= 500
    heal(portal)
    healthy = portal.ask(sound.audio, Range=f"bytes={AFTER}-")
    assert (healthy.status, healthy.body) == (206, sound.bytes[AFTER:])


def test_a_vendor_that_always_cuts_is_not_asked_with_every_try(portal):
    """A browser tries a broken playback again about once a second, for half a minute."""
    n, cut, asked = 1_500_000, 600_000, 524_288
    sound = portal.sound(noise(n))
    # The first to listen has begun before it breaks off.
    portal.vendor.options.bandwidth = 4_000_000
    spoil(portal, sound, "truncated", {"after": cut})
    assert len(portal.ask(sound.audio, Range="bytes=0-").body) == asked
    tries = [portal.ask(sound.audio, Range=f"bytes={asked}-") for _ in range(10)]
    assert {(one.status, one.whole) for one in tries} == {(206, False)}
    # As many as there is time for if the machine is slow.
    assert portal.vendor_gets(sound) <= 4
    with portal.database():
        rows = AuditEvent.objects.filter(recording_id_text=sound.id).order_by("pk")
        assert [row.outcome for row in rows] == ["started", "incomplete"]
    # Who begins anew is not made to wait, nor is who goes on from there.
    heal(portal)
    assert portal.ask(sound.audio, Range="bytes=0-").whole
    assert portal.ask(sound.audio, Range=f"bytes={asked}-").body == sound.bytes[asked : 2 * asked]


def test_after_a_cut_a_playback_goes_on_by_itself(portal):
    sound, cut = ask_before_the_fault(portal, "truncated", {"after": AFTER}, "audio")
    assert not cut.whole
    heal(portal)
    line = f"bytes={len(cut.body)}-"
    assert portal.ask(sound.audio, Range=line).body == b""
    assert eventually(lambda: portal.ask(sound.audio, Range=line).whole)
    assert portal.ask(sound.audio, Range=line).body == sound.bytes[len(cut.body) :]


@pytest.mark.parametrize("status", [401, 402, 403, 404, 410])
def test_what_does_not_pass_ends_a_playback(portal, status):
    sound = portal.sound(noise(N))
    portal.ask(sound.audio, Range="bytes=0-")
    assert eventually(lambda: sound.is_cached)
    shutil.rmtree(sound.entry)
    spoil(portal, sound, "status", {"status": status})
    later = portal.ask(sound.audio, Range=f"bytes={AFTER}-")
    assert later.status == (status if status in (404, 410) else 502)


def test_a_missing_recording_is_not_asked_for_again_within_a_minute(portal):
    sound = portal.sound(noise(N))
    spoil(portal, sound, "status", {"status": 404})
    assert [portal.ask(sound.audio).status for _ in range(3)] == [404] * 3
    assert portal.vendor_gets(sound) == 1
    portal.vendor.faults.clear()
    assert portal.ask(sound.audio).status == 404
    portal.change(sound, last_error_at=timezone.now() - timedelta(seconds=61))
    assert portal.ask(sound.audio).body == sound.bytes
    assert portal.vendor_gets(sound) == 2


def test_what_the_vendor_calls_gone_is_deleted_at_once(portal):
    sound = portal.sound(noise(N))
    portal.ask(sound.audio)
    assert eventually(lambda: sound.is_cached)
    # A revision: the copy at hand is of the file before.
    portal.change(sound, duration=62.5)
    spoil(portal, sound, "status", {"status": 410})
    assert portal.ask(sound.audio).status == 410
    assert sound.entry is None
    assert portal.ask(sound.audio).status == 410
    assert portal.vendor_gets(sound) == 2


def test_too_many_requests_pause_all_calls_but_not_what_is_here(portal):
    here, other, third = (portal.sound(noise(N)) for _ in range(3))
    assert portal.ask(here.audio).body == here.bytes
    spoil(portal, other, "status", {"status": 429, "retry_after": 70})
    assert portal.ask(other.audio).status == 503
    waiting = portal.ask(third.audio)
    assert waiting.status == 503
    assert 30 <= int(waiting.headers["Retry-After"]) <= 73
    assert portal.vendor_gets(third) == 0
    assert portal.ask(here.audio).body == here.bytes
    assert portal.vendor_gets(here) == 1


def test_a_redirect_to_the_vendors_own_storage_is_followed(portal):
    portal.vendor.options.redirect_audio = True
    try:
        sound = portal.sound(noise(N))
        assert portal.ask(sound.download).body == sound.bytes
    finally:
        portal.vendor.options.redirect_audio = False


@pytest.mark.parametrize(
    ("file", "kind", "details", "told"),
    [
        ("cbr-8k-mono.mp3", "no_type", {}, "audio/mpeg"),
        ("cbr-8k-mono.mp3", "wrong_type", {"type": "application/octet-stream"}, "audio/mpeg"),
        ("cbr-8k-mono.mp3", "wrong_type", {"type": "application/x-thing"}, "audio/mpeg"),
        ("cbr-8k-mono.mp3", "wrong_type", {"type": "audio/wav"}, "audio/mpeg"),
        ("pcm16-8k.wav", "wrong_type", {"type": "audio/mpeg"}, "audio/wav"),
        ("pcm16-8k.wav", "no_type", {}, "audio/wav"),
    ],
)
def test_the_bytes_tell_the_type(portal, file, kind, details, told):
    sound = portal.sound(data(file))
    spoil(portal, sound, kind, details)
    for _ in ("cold", "warm"):
        answer = portal.ask(sound.audio)
        assert (answer.status, answer.headers["Content-Type"]) == (200, told)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.body == sound.bytes


def test_text_under_an_audio_type_is_no_audio(portal):
    for text in (b"<!doctype html><script>1</script>", b'{"error": "no"}', b"\xef\xbb\xbf<html>"):
        sound = portal.sound(text * 100)
        assert portal.ask(sound.audio).status == 502
        assert eventually(lambda sound=sound: not portal.left_overs(sound))
        assert not sound.is_cached
