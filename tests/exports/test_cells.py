"""What a table says, and that spreadsheets take none of it for a formula."""

import csv
import io
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.models import (
    Session,
)
from recordings.services.csv_cells import cell, lines
from tests.factories import make_recording, make_session

from .asking import table

INVISIBLE = "\xa0\xad\u061c\u200b\u200f\u202d\u2060\u2068\u3000\u3164\ufe0f\ufeff\x1b"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49301",
        "-1",
        "@SUM(A1)",
        " =1",
        *(f"{character}=1" for character in INVISIBLE),
        *(f"{character}1+1" for character in "＝＋－＠﹦﹢﹣﹫"),  # noqa: RUF001
        "=cmd|' /C calc'!A0",
    ],
)
def test_no_cell_comes_alive(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a=1", "a=1"),
        ("a-b; c", "a-b; c"),
        ("2026-03-26", "2026-03-26"),
        (-3, "-3"),
        (1.5, "1.5"),
        (None, ""),
        ("", ""),
        ("a\0b", "ab"),
    ],
)
def test_other_cells_stay_as_they_are(value, text):
    assert cell(value) == text


@pytest.mark.parametrize("end", ";\t\r\n\v\f\x85\u2028\u2029")
def test_no_part_of_a_cell_comes_alive_where_a_spreadsheet_splits_it(end):
    """Where ";" or a tab is expected between cells, a text with one becomes two cells."""
    assert cell(f"a{end}=1+1") == f"a{end}'=1+1"
    assert cell(f'a{end}{end} "@x') == f"a{end}{end}' \"@x"
    assert list(lines([["a", f"b{end}c"]])) == [f'a,"b{end}c"\r\n']


texts = st.text("=+-@＝＋ab1,;|\t\r\n\"' \xa0\u200b\u202d\u3000\ufeff\u2028\v\f", max_size=12)  # noqa: RUF001


@settings(max_examples=300)
@given(rows=st.lists(st.lists(texts, min_size=2, max_size=4), min_size=1, max_size=4))
def test_no_text_becomes_a_live_cell(rows):
    written = "".join(lines(rows))

    assert read(written, ",") == [[cell(text) for text in row] for row in rows]
    for delimiter in ",;\t":
        for row in read(written, delimiter):
            for text in row:
                shown = text.strip(f"{string.whitespace}{INVISIBLE}\u2028")
                assert not shown.startswith(tuple("=+-@＝＋")), (delimiter, row)  # noqa: RUF001


def read(text, delimiter):
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_the_table_is_a_download_with_inert_cells(clients, db):
    evil = '=HYPERLINK("http://x","y")'
    make_session("sess_a", phone_number="+4930901820", metadata={"note": 'a, "b"\nc'}, mode=evil)

    answer = clients["lead"].post("/exports/", {"kind": "csv", "session": ["sess_a"]})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head, row = table(answer)
    facts = dict(zip(head, row, strict=True))
    assert facts["session"] == "sess_a"
    assert facts["line"] == "'+4930901820"
    assert facts["mode"] == f"'{evil}"
    assert facts["metadata"] == 'note=a, "b"\nc'


def test_all_that_match_is_a_choice_of_its_own(clients, db):
    make_session("sess_a", source_language="fr")
    make_session("sess_b", source_language="de")
    for session in Session.objects.all():
        make_recording(session)
        session.summarise()

    answer = clients["lead"].post("/exports/", {"kind": "csv", "query": "?lang=de"})

    assert [row[0] for row in table(answer)[1:]] == ["sess_b"]


def test_the_number_of_queries_does_not_grow_with_the_table(
    clients, db, django_assert_max_num_queries
):
    ids = [make_recording(make_session()).session.kallglot_id for _ in range(40)]
    lead = clients["lead"]
    with django_assert_max_num_queries(30):
        answer = lead.post("/exports/", {"kind": "csv", "session": ids})
        assert len(table(answer)) == 41
