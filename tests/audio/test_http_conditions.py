"""Conditions of RFC 9110 section 13, in their order, on a recording with a strong entity tag."""

import pytest

from .asking import ETAG, OTHER, ask, assert_part, assert_unsatisfiable, assert_whole


@pytest.mark.parametrize(
    "condition",
    [
        OTHER,
        "W/" + ETAG,
        "Sat, 29 Oct 1994 19:43:31 GMT",
        "",
        "*",
        "3f2a",
        f"{ETAG}, {OTHER}",
    ],
)
@pytest.mark.parametrize("value", ["bytes=0-4", "bytes=20000-", "bytes=5-2"])
def test_if_range_of_anything_else_sends_everything(condition, value):
    assert_whole(ask(Range=value, If_Range=condition))


def test_if_range_of_our_tag_keeps_the_range():
    assert_part(ask(Range="bytes=0-4", If_Range=ETAG), 0, 4)
    assert_part(ask(Range="bytes=0-4", If_Range=f" {ETAG}\t"), 0, 4)
    assert_unsatisfiable(ask(Range="bytes=20000-", If_Range=ETAG))
    assert_whole(ask(If_Range=ETAG))


MATCHING = ["*", ETAG, f"{OTHER}, {ETAG}", f' , "a,b" ,{ETAG} ,', f"{ETAG},{ETAG}"]
WEAKLY_MATCHING = [f"W/{ETAG}", f"{OTHER},W/{ETAG}"]
NOT_MATCHING = ["", OTHER, f"W/{OTHER}", "3f2a", f"{ETAG}{OTHER}", f"{ETAG} {OTHER}", f"*, {ETAG}"]
BROKEN = [f'{ETAG}, "', f"{ETAG}, w/{ETAG}", f"{ETAG};", "\x00"]


@pytest.mark.parametrize("value", MATCHING + WEAKLY_MATCHING)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_of_our_tag_is_not_modified_even_with_range(method, value):
    for more in ({}, {"Range": "bytes=0-4"}, {"Range": "bytes=20000-", "If_Range": ETAG}):
        decision = ask(method, If_None_Match=value, **more)
        assert decision.status == 304
        assert decision.headers == {"ETag": ETAG}
        assert not decision.send_body


@pytest.mark.parametrize("value", NOT_MATCHING + BROKEN)
def test_if_none_match_of_another_tag_changes_nothing(value):
    assert_whole(ask(If_None_Match=value))
    assert_part(ask(If_None_Match=value, Range="bytes=0-4"), 0, 4)


def test_if_none_match_forbids_a_change():
    assert ask("PUT", If_None_Match="*").status == 412


@pytest.mark.parametrize("value", MATCHING)
def test_if_match_of_our_tag_changes_nothing(value):
    assert_part(ask(If_Match=value, Range="bytes=0-4"), 0, 4)
    assert ask(If_Match=value, If_None_Match=ETAG).status == 304


@pytest.mark.parametrize("value", WEAKLY_MATCHING + NOT_MATCHING + BROKEN)
def test_if_match_of_another_or_weak_tag_fails_before_all_else(value):
    decision = ask(If_Match=value, If_None_Match=ETAG, Range="bytes=20000-")
    assert decision.status == 412
    assert not decision.send_body


def test_dates_are_ignored_where_there_is_no_modification_date():
    long_ago, later = "Sat, 29 Oct 1994 19:43:31 GMT", "Fri, 29 Oct 2094 19:43:31 GMT"
    assert_whole(ask(If_Unmodified_Since=long_ago, If_Modified_Since=later))
    assert_part(ask(Range="bytes=0-4", If_Unmodified_Since=long_ago), 0, 4)
