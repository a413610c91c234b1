"""The library by measurements: columns to choose, filters with their chips, and orders."""

import html
import re

import pytest

from recordings.models import Session
from recordings.services import searching
from tests.factories import make_recording, make_session
from tests.pages import text_of
from tests.test_library import listed
from tests.test_library_filters import poll_of

# Name: longest silence in seconds, share of overlap, agent's share of talk.
MEASURED = {
    "sess_quiet": (90.0, 0.0, 0.5),
    "sess_lively": (1.5, 0.25, 0.3),
    "sess_lecture": (12.0, 0.05, 0.95),
    "sess_one_lane": (12.0, None, None),
    "sess_not_measured": (None, None, None),
}
COLUMNS = ["Longest silence", "Both at once", "Agent's talk"]


@pytest.fixture
def calls(db):
    for name, (silence, overlap, talk) in MEASURED.items():
        session = make_session(name)
        Session.objects.filter(pk=session.pk).update(
            longest_silence_s=silence, overlap_share=overlap, agent_talk_share=talk
        )


@pytest.fixture
def reviewer(clients):
    return clients["reviewer"]


def heads(answer):
    """The measurements among the heads of the table."""
    table = answer.text.partition("<thead>")[2].partition("</thead>")[0]
    found = [text_of(head) for head in re.findall(r"<th .*?</th>", table, re.DOTALL)]
    return [head.rstrip(" ↑↓") for head in found if head.rstrip(" ↑↓") in COLUMNS]


def cells(answer, kallglot_id):
    """What the row of a call tells of measurements, by label."""
    row = answer.text.partition(f'id="call-{kallglot_id}"')[2].partition("</tr>")[0]
    found = re.findall(r'<td data-label="([^"]+)"[^>]*>(.*?)</td>', row, re.DOTALL)
    told = {html.unescape(label): text_of(cell) for label, cell in found}
    return {label: told[label] for label in COLUMNS if label in told}


def chips(answer):
    found = re.findall(r'class="chip"[^>]*aria-label="([^"]+)"', answer.text)
    return [html.unescape(label) for label in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("silence_min=12", {"sess_quiet", "sess_lecture", "sess_one_lane"}),
        ("silence_max=12", {"sess_lively", "sess_lecture", "sess_one_lane"}),
        ("silence_min=1.5&silence_max=12", {"sess_lively", "sess_lecture", "sess_one_lane"}),
        ("overlap_min=5", {"sess_lively", "sess_lecture"}),
        ("overlap_min=0", {"sess_quiet", "sess_lively", "sess_lecture"}),
        ("talk_max=50", {"sess_quiet", "sess_lively"}),
        ("talk_min=90&silence_min=10", {"sess_lecture"}),
        ("talk_min=101", set(MEASURED)),
        ("silence_min=-1", set(MEASURED)),
        ("silence_min=long", set(MEASURED)),
        ("silence_min=nan", set(MEASURED)),
    ],
)
def test_filters_leave_what_was_measured_so(query, expected, reviewer, calls):
    answer = reviewer.get(f"/?{query}")

    assert answer.status_code == 200
    assert set(listed(answer)) == expected


def test_a_filter_is_a_chip_that_can_be_taken_away(reviewer, calls):
    answer = reviewer.get("/?silence_min=12&talk_max=50")

    assert chips(answer) == [
        "Remove the filter Longest silence, s, at least: 12",
        "Remove the filter Agent's talk, %, at most: 50",
    ]
    assert 'href="/?talk_max=50"' in answer.text
    assert re.search(r'<input id="id_silence_min"[^>]* value="12"', answer.text)


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("-silence", "sess_quiet", "sess_not_measured"),
        ("silence", "sess_lively", "sess_not_measured"),
        ("-overlap", "sess_lively", "sess_one_lane"),
        ("overlap", "sess_quiet", "sess_not_measured"),
        ("-talk", "sess_lecture", "sess_one_lane"),
        ("talk", "sess_lively", "sess_not_measured"),
    ],
)
def test_calls_are_sorted_and_what_was_not_measured_comes_last(sort, first, last, reviewer, calls):
    shown = listed(reviewer.get(f"/?sort={sort}"))

    assert len(shown) == len(MEASURED)
    assert (shown[0], shown[-1]) == (first, last)


def test_without_a_wish_the_table_has_no_measurements(reviewer, calls):
    answer = reviewer.get("/")

    assert heads(answer) == []
    assert cells(answer, "sess_quiet") == {}
    assert answer.text.count("data-column=") == 3


def test_what_one_sorts_or_filters_by_is_shown(reviewer, calls):
    answer = reviewer.get("/?sort=-silence&talk_min=40")

    assert heads(answer) == ["Longest silence", "Agent's talk"]
    assert cells(answer, "sess_quiet") == {"Longest silence": "1:30", "Agent's talk": "50 %"}
    assert re.search(r'data-column="silence" checked disabled', answer.text)
    assert re.search(r'aria-sort="descending">\s*<a class="sort" id="sort-silence"', answer.text)
    assert 'href="/?talk_min=40&amp;sort=silence"' in answer.text


def test_chosen_columns_are_kept_and_tell_every_call(reviewer, calls):
    reviewer.cookies["columns"] = "overlap.silence.what"

    answer = reviewer.get("/")

    assert heads(answer) == ["Longest silence", "Both at once"]
    assert cells(answer, "sess_lively") == {"Longest silence": "1.5 s", "Both at once": "25 %"}
    assert cells(answer, "sess_one_lane") == {"Longest silence": "12.0 s", "Both at once": "–"}
    assert cells(answer, "sess_not_measured") == {"Longest silence": "–", "Both at once": "–"}


@pytest.mark.parametrize(
    "query",
    ["sort=-silence", "silence_min=1", "silence_min=-1", f"q={'的' * 200}&silence_min=1"],
)
@pytest.mark.parametrize("chosen_since", ["overlap", "", "overlap.talk"])
def test_a_row_that_looks_again_has_the_columns_of_its_table(chosen_since, query, reviewer, calls):
    session = Session.objects.get(kallglot_id="sess_lively")
    make_recording(session, channel="agent", status="processing")
    session.metadata = {"said": "的" * 200}
    session.save()
    searching.index(session)
    reviewer.cookies["columns"] = "overlap"
    table = reviewer.get(f"/?{query}")
    Session.objects.filter(pk=session.pk).update(phone_number="+49 30 901820")
    reviewer.cookies["columns"] = chosen_since

    answer = reviewer.get(poll_of(table))

    assert heads(table) == ["Longest silence", "Both at once"]
    assert cells(answer, "sess_lively") == cells(table, "sess_lively")
    assert list(cells(answer, "sess_lively")) == heads(table)


def test_all_that_matches_is_exported_by_the_same_filters(clients, calls):
    query = "?silence_min=12&sort=-silence"
    answer = clients["lead"].post("/exports/", {"kind": "csv", "query": query})

    table = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert [line.split(",")[0] for line in table.splitlines()[1:]] == [
        *("sess_quiet", "sess_one_lane", "sess_lecture"),
    ]


def test_columns_and_filters_cost_no_more_queries(reviewer, calls, django_assert_max_num_queries):
    reviewer.get("/")
    with django_assert_max_num_queries(100) as plain:
        reviewer.get("/")
    reviewer.cookies["columns"] = "silence.overlap.talk"
    with django_assert_max_num_queries(len(plain)):
        reviewer.get("/?sort=-talk&silence_min=1&overlap_max=99")


def test_the_words_of_a_measurement_are_its_definition(reviewer, calls):
    answer = reviewer.get("/?sort=talk")

    assert 'title="The agent&#x27;s talk time as a share of both sides&#x27; talk time."' in (
        answer.text
    )
