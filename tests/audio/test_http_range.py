"""Every range of RFC 9110 section 14 that a player, a download or a prankster may send."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audio import http_range
from recordings.audio.http_range import MAX_RANGE_CHARS, evaluate

from .asking import ETAG, N, ask, assert_part, assert_unsatisfiable, assert_whole

CAP = 4096


def test_without_range_everything_is_sent():
    assert_whole(ask())
    assert ask().send_body


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-1", 0, 1),
        ("bytes=0-499", 0, 499),
        ("bytes=500-999", 500, 999),
        ("bytes=9500-", 9500, 9999),
        ("bytes=-500", 9500, 9999),
        ("bytes=-1", 9999, 9999),
        ("bytes=9999-9999", 9999, 9999),
        ("bytes=9999-", 9999, 9999),
        ("bytes=0-", 0, 9999),
        ("bytes=0-9999", 0, 9999),
        ("bytes=0-10000", 0, 9999),
        ("bytes=9999-20000", 9999, 9999),
        ("bytes=-10000", 0, 9999),
        ("bytes=-20000", 0, 9999),
        ("bytes=0-99999999999999999999", 0, 9999),
        ("bytes=0-18446744073709551616", 0, 9999),
        ("bytes=-99999999999999999999", 0, 9999),
        pytest.param("bytes=7-" + "9" * 5000, 7, 9999, id="last of 5000 digits"),
        pytest.param("bytes=" + "0" * 5000 + "7-9", 7, 9, id="first with 5000 zeros"),
        ("Bytes=0-4", 0, 4),
        ("BYTES=0-4", 0, 4),
        (" bytes=0-4\t", 0, 4),
        ("bytes= 0-4 ", 0, 4),
        ("bytes=,0-4,,", 0, 4),
        ("bytes=, \t, 0-4 , ", 0, 4),
    ],
)
def test_a_single_range_gets_exactly_its_bytes(value, first, last):
    assert_part(ask(Range=value), first, last)


@pytest.mark.parametrize(
    "value",
    [
        "bytes=10000-",
        "bytes=10000-10001",
        "bytes=-0",
        "bytes=-000",
        "bytes=5-2",
        "bytes=20000-10000",
        pytest.param("bytes=" + "9" * 5000 + "-", id="first of 5000 digits"),
        pytest.param(f"bytes={'9' * 30}-{'9' * 29}", id="first above last, both huge"),
        "bytes=abc",
        "bytes=-",
        "bytes=--5",
        "bytes=1-2-3",
        "bytes=1",
        "bytes=+1-2",
        "bytes=0x0-0x5",
        "bytes=0 - 4",
        "bytes=1_0-2_0",
        "bytes=0-4;x",
        "bytes==0-4",
        "bytes=\u0661-\u0664",
        "bytes=\u00b2-\u00b3",
        "bytes=10000-,-0",
        "bytes=10000-10001, 20000-",
        "bytes=5-2,abc",
    ],
)
def test_a_range_that_names_no_byte_is_refused_with_the_length(value):
    assert_unsatisfiable(ask(Range=value))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes= ",
        "bytes=,",
        "bytes=, ,",
        "items=0-4",
        "seconds=5-2",
        "bytes =0-4",
        "0-4",
        "=0-4",
        "bytes=0-0,-1",
        "bytes=0-499,500-999",
        "bytes=0-4,20000-",
        "bytes=20000-,-1",
        "bytes=0-4,abc",
        "bytes=0-4,5-2",
        "bytes=0-1,bytes=2-3",
        pytest.param("bytes=" + ",".join(f"{n}-{n}" for n in range(100)), id="100 tiny"),
        pytest.param("bytes=" + "0-," * 200, id="200 times 0-"),
        pytest.param("bytes=" + ",".join(["0-999"] * 1000), id="1000 overlapping"),
        pytest.param("bytes=0-" + "9" * MAX_RANGE_CHARS, id="oversized"),
        pytest.param("bytes=20000-" + "," * MAX_RANGE_CHARS, id="oversized commas"),
    ],
)
def test_other_units_empty_sets_and_lists_get_everything(value):
    assert_whole(ask(Range=value))


def test_range_of_a_header_mapping_in_any_case():
    assert_part(ask(range="bytes=3-4"), 3, 4)
    assert_part(ask(RANGE="bytes=3-4"), 3, 4)


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=5-9"}, {"Range": "bytes=20000-"}])
def test_head_is_answered_as_get_of_the_whole_without_body(headers):
    head, whole = ask("HEAD", **headers), ask("GET")
    assert (head.status, head.start, head.stop) == (whole.status, whole.start, whole.stop)
    assert head.headers == whole.headers
    assert not head.send_body


def test_a_list_of_tags_longer_than_any_client_sends_matches_nothing():
    tags = ", ".join(['"other"'] * 1000 + [ETAG])
    assert_whole(ask(If_None_Match=tags))
    assert ask(If_Match=tags).status == 412


def test_range_is_only_for_reading():
    assert_whole(ask("POST", Range="bytes=0-4"))


def test_empty_recording():
    assert_whole(ask(length=0), length=0)
    for value in ("bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-0"):
        assert_unsatisfiable(ask(length=0, Range=value), length=0)


def test_unknown_length_announces_and_honours_no_ranges():
    for value in ("bytes=0-", "bytes=5-9", "bytes=-5", "bytes=5-2"):
        decision = ask(length=None, Range=value, cap=CAP)
        assert (decision.status, decision.start, decision.stop) == (200, 0, None)
        assert decision.headers == {"ETag": ETAG}


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-", 0, CAP - 1),
        ("bytes=4096-", 4096, 8191),
        ("bytes=8192-", 8192, 9999),
        ("bytes=9999-", 9999, 9999),
        ("bytes=0-9999", 0, 9999),
        ("bytes=-9000", 1000, 9999),
    ],
)
def test_only_an_open_end_is_capped_and_the_total_stays_true(value, first, last):
    assert_part(ask(Range=value, cap=CAP), first, last)


def test_cap_leaves_the_request_without_range_whole():
    assert_whole(ask(cap=CAP))
    assert_unsatisfiable(ask(cap=CAP, Range="bytes=10000-"))


@pytest.mark.parametrize("etag", ['W/"3f2a"', "3f2a", '"3f"2a"', "", '"3f 2a"'])
def test_our_own_tag_must_be_strong(etag):
    with pytest.raises(ValueError, match="strong entity tag"):
        evaluate("GET", {}, etag=etag, length=1)


def test_our_own_length_must_be_possible():
    with pytest.raises(ValueError, match="below zero"):
        ask(length=-1)


def test_work_grows_with_the_header_not_faster():
    """Counted, not timed: each element is looked at once and no long number is converted."""
    elements = 1000
    value = "bytes=" + ",".join(["20000-"] * elements)
    with mock.patch.object(http_range, "_resolve", wraps=http_range._resolve) as resolve:
        ask(Range=value)
        assert resolve.call_count == elements
        resolve.reset_mock()
        ask(Range="bytes=" + "20000-," * MAX_RANGE_CHARS)
        assert resolve.call_count == 0
    assert http_range._position("9" * 1_000_000) == http_range._position("9" * 20)


def model(value, length, cap):
    """An independent reading of a well-formed single range: walk over the positions."""
    first, _, last = value.removeprefix("bytes=").partition("-")
    everything = list(range(length))
    if not first:
        return everything[-int(last) :] if int(last) else []
    if not last:
        return everything[int(first) :][:cap]
    return [position for position in everything if int(first) <= position <= int(last)]


numbers = st.integers(0, 60).map(str) | st.integers(0, 10**30).map(str)
single_ranges = (
    st.builds("bytes={}-{}".format, numbers, numbers)
    | st.builds("bytes={}-".format, numbers)
    | st.builds("bytes=-{}".format, numbers)
)


@given(single_ranges, st.integers(0, 50), st.none() | st.integers(1, 60))
def test_single_ranges_agree_with_a_simple_model(value, length, cap):
    decision = ask(Range=value, length=length, cap=cap)
    expected = model(value, length, cap)
    if not expected:
        assert_unsatisfiable(decision, length)
    else:
        assert_part(decision, expected[0], expected[-1], length)


@given(st.lists(single_ranges.map(lambda value: value[6:]), min_size=2, max_size=5))
def test_lists_are_whole_or_refused(specs):
    decision = ask(Range="bytes=" + ", ".join(specs), length=50)
    if any(model("bytes=" + spec, 50, None) for spec in specs):
        assert_whole(decision, 50)
    else:
        assert_unsatisfiable(decision, 50)


header_text = st.text(alphabet='bytes=0123456789-, \t*"W/\xff\u0661', max_size=60) | st.text()


@given(
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.dictionaries(
        st.sampled_from(["Range", "If-Range", "If-Match", "If-None-Match"]), header_text
    ),
    st.none() | st.integers(0, N),
    st.none() | st.integers(1, N),
)
def test_any_headers_have_a_consistent_answer(method, headers, length, cap):
    decision = evaluate(method, headers, etag=ETAG, length=length, open_ended_cap=cap)
    assert decision.status in (200, 206, 304, 412, 416)
    if decision.status in (200, 206) and length is not None:
        assert 0 <= decision.start <= decision.stop <= length
        assert decision.headers["Content-Length"] == str(decision.stop - decision.start)
    assert all("\r" not in value and "\n" not in value for value in decision.headers.values())
