"""What a table says, and that spreadsheets take none of it for a formula."""

import pytest

from recordings.models import (
    Session,
)
from recordings.services.csv_cells import cell
from tests.factories import make_recording, make_session

from .asking import table


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49301",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\xa0=1",
        "\uff1d1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_no_cell_comes_alive(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [("a=1", "a=1"), (-3, "-3"), (1.5, "1.5"), (None, ""), ("", ""), ("a\0b", "ab")],
)
def test_other_cells_stay_as_they_are(value, text):
    assert cell(value) == text


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
    with django_assert_max_num_queries(30):
        answer = clients["lead"].post("/exports/", {"kind": "csv", "session": ids})
        assert len(table(answer)) == 41
