"""Any range at any time: before, while and after a recording arrives, never another byte."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.simulator import noise

from .asking import eventually

N = 200_000
CAP = 512 * 1024
STATES = ("cold", "filling", "warm")
SIZES = (0, 1, 65_535, 65_536, 65_537, 3_000_000)
LONG = "9" * 20

# Range line -> first and last byte of a 206; None: 200 with everything; "416".
LINES = {
    "bytes=0-0": (0, 0),
    "bytes=0-1": (0, 1),
    "bytes=0-499": (0, 499),
    "bytes=500-999": (500, 999),
    f"bytes={N - 500}-": (N - 500, N - 1),
    "bytes=-500": (N - 500, N - 1),
    "bytes=-1": (N - 1, N - 1),
    f"bytes={N - 1}-{N - 1}": (N - 1, N - 1),
    "bytes=0-": (0, N - 1),
    f"bytes=0-{N - 1}": (0, N - 1),
    f"bytes=0-{N}": (0, N - 1),
    f"bytes={N - 1}-{N * 2}": (N - 1, N - 1),
    f"bytes=-{N}": (0, N - 1),
    f"bytes=-{N * 2}": (0, N - 1),
    f"bytes=5-{LONG}": (5, N - 1),
    f"bytes=-{LONG}": (0, N - 1),
    f"bytes={N}-": "416",
    f"bytes={N}-{N + 1}": "416",
    f"bytes={LONG}-": "416",
    "bytes=-0": "416",
    "bytes=5-2": "416",
    "bytes=abc": "416",
    "bytes=-": "416",
    "bytes=--5": "416",
    "bytes=1-2-3": "416",
    f"bytes={N}-,{N + 5}-": "416",
    "bytes=": None,
    "bytes": None,
    "items=0-4": None,
    "Bytes=0-4": (0, 4),
    "bytes=0-0,-1": None,
    f"bytes=0-0,{N}-": None,
    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 200, 2)): None,
    "bytes=" + ",".join(["0-"] * 200): None,
    "bytes=" + ",".join(f"{n}-{n + 50}" for n in range(1000)): None,
}


def in_state(portal, state, audio):
    """A recording nobody asked for yet, one of which some bytes are still to come, or a whole."""
    sound = portal.sound(audio)
    if state == "filling":
        portal.vendor.options.bandwidth = max(len(sound.bytes) / 0.25, 20_000)
    elif state == "warm":
        assert portal.ask(sound.audio).status == 200
        assert eventually(lambda: sound.is_cached)
    return sound


def check(answer, expected, content):
    """Status, range, length and bytes of one answer; `expected` as in LINES."""
    total = len(content)
    assert answer.whole
    if expected == "416":
        assert answer.status == 416
        assert answer.headers["Content-Range"] == f"bytes */{total}"
        assert len(answer.body) < 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert not answer.headers["Content-Type"].startswith("audio/")
        return
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if expected is None:
        assert (answer.status, answer.headers["Content-Range"]) == (200, None)
        part = content
    else:
        first, last = expected
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{total}"
        part = content[first : last + 1]
    assert answer.headers["Content-Length"] == str(len(part))
    assert answer.body == part


@pytest.mark.parametrize("place", ["audio", "download"])
@pytest.mark.parametrize("state", STATES)
def test_the_table_of_ranges_holds(portal, state, place):
    sound = in_state(portal, state, noise(N))
    with ThreadPoolExecutor(len(LINES) + 1) as pool:
        lines = [*LINES, None]
        path = getattr(sound, place)
        answers = pool.map(
            lambda line: portal.ask(path, **({"Range": line} if line else {})), lines
        )
        for line, answer in zip(lines, answers, strict=True):
            check(answer, LINES.get(line), sound.bytes)
    assert portal.vendor_gets(sound) == 1


def test_only_the_players_open_ended_range_is_capped(portal):
    sound = in_state(portal, "warm", noise(3_000_000))
    total = len(sound.bytes)
    check(portal.ask(sound.audio, Range="bytes=5-"), (5, CAP + 4), sound.bytes)
    check(portal.ask(sound.audio, Range=f"bytes=5-{total - 2}"), (5, total - 2), sound.bytes)
    check(portal.ask(sound.audio, Range="bytes=-2000000"), (1_000_000, total - 1), sound.bytes)
    check(portal.ask(sound.download, Range="bytes=5-"), (5, total - 1), sound.bytes)


@st.composite
def range_of(draw, size):
    """A well-formed range line, and the bytes of `size` that it means without any cap."""
    near = st.integers(0, 3) | st.integers(max(0, size - 3), size + 3) | st.integers(0, size + 9)
    first, last = sorted((draw(near), draw(near)))
    form = draw(st.sampled_from(["closed", "closed", "open", "suffix"]))
    if form == "suffix":
        return f"bytes=-{first}", (max(0, size - first), size)
    if form == "open":
        return f"bytes={first}-", (first, size)
    return f"bytes={first}-{last}", (first, min(last + 1, size))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", SIZES)
def test_no_random_range_differs_by_a_byte(portal, size, state):
    asked = 0
    warm = in_state(portal, "warm", noise(size)) if state == "warm" else None

    @settings(max_examples=4, suppress_health_check=list(HealthCheck))
    @given(st.lists(range_of(size), min_size=25, max_size=25, unique=True))
    def differ(ranges):
        nonlocal asked
        sound = warm or in_state(portal, state, noise(size))
        with ThreadPoolExecutor(len(ranges)) as pool:
            lines = [line for line, _ in ranges]
            answers = list(pool.map(lambda line: portal.ask(sound.audio, Range=line), lines))
        for (line, (start, stop)), answer in zip(ranges, answers, strict=True):
            if line.endswith("-"):
                stop = min(stop, start + CAP)
            check(answer, (start, stop - 1) if start < stop else "416", sound.bytes)
        asked += len(answers)
        assert portal.vendor_gets(sound) == 1

    differ()
    assert asked >= 100


@pytest.mark.parametrize("state", STATES)
def test_conditions_are_answered_in_the_order_of_the_rfc(portal, state):
    sound = in_state(portal, state, noise(N))
    etag = portal.ask(sound.audio, "HEAD").headers["ETag"]
    part, whole = (2, 5), None
    check(portal.ask(sound.audio, Range="bytes=2-5", If_Range=etag), part, sound.bytes)
    for other in ('"other"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        check(portal.ask(sound.audio, Range="bytes=2-5", If_Range=other), whole, sound.bytes)
    beyond = f"bytes={N}-"
    check(portal.ask(sound.audio, Range=beyond, If_Range='"other"'), whole, sound.bytes)
    check(portal.ask(sound.audio, Range="bytes=2-5", If_None_Match='"other"'), part, sound.bytes)
    for match in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = portal.ask(sound.audio, Range="bytes=2-5", If_None_Match=match)
        assert (same.status, same.body, same.headers["ETag"]) == (304, b"", etag)
    assert portal.ask(sound.audio, If_Match='"other"').status == 412
    check(portal.ask(sound.audio, Range="bytes=2-5", If_Match=etag), part, sound.bytes)


@pytest.mark.parametrize("state", STATES)
def test_head_is_the_get_of_the_whole_without_its_body(portal, state):
    sound = in_state(portal, state, noise(N))
    get = portal.ask(sound.audio)
    for headers in ({}, {"Range": "bytes=7-"}, {"Range": f"bytes={N}-"}):
        head = portal.ask(sound.audio, "HEAD", **headers)
        assert head.body == b""
        assert head.status == get.status
        for name in ("Content-Length", "Content-Range", "ETag", "Content-Type", "Cache-Control"):
            assert head.headers[name] == get.headers[name], name


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(portal, method):
    sound = in_state(portal, "cold", noise(N))
    answer = portal.ask(sound.audio, method)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert portal.vendor_gets(sound) == 0


def test_bytes_are_never_encoded(portal):
    sound = in_state(portal, "warm", noise(N))
    plain = portal.ask(sound.audio)
    packed = portal.ask(sound.audio, Accept_Encoding="gzip, br")
    check(packed, None, sound.bytes)
    assert packed.headers["Content-Encoding"] is None
    assert packed.headers["ETag"] == plain.headers["ETag"]


def test_a_fitting_tag_is_no_right(portal):
    sound = in_state(portal, "warm", noise(N))
    etag = portal.ask(sound.audio).headers["ETag"]

    def refusals():
        for headers in ({"If_None_Match": etag}, {"If_Match": etag}, {"Range": "bytes=0-4"}):
            for person in (None, "stranger", "lead"):
                yield person, portal.ask(sound.audio, person=person, **headers)

    statuses = {None: 401, "stranger": 404}
    for person, answer in refusals():
        if person in statuses:
            assert answer.status == statuses[person]
            assert sound.bytes[:4] not in answer.body
    portal.change(sound, expires_at=timezone.now())
    statuses["lead"] = 410
    for person, answer in refusals():
        assert answer.status == statuses[person]
        assert answer.headers["Cache-Control"] == "no-store"
        assert not answer.headers["Content-Type"].startswith("audio/")
    assert not sound.is_cached


def test_an_empty_recording_is_an_empty_answer(portal):
    for state in STATES:
        sound = in_state(portal, state, noise(0))
        check(portal.ask(sound.audio), None, b"")
        check(portal.ask(sound.download), None, b"")
        check(portal.ask(sound.audio, Range="bytes=0-"), "416", b"")
