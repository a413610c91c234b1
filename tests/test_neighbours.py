"""From one call to the previous and the next of the list it was opened from."""

import html
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from recordings.filters import SORTS
from recordings.models import Session
from tests.factories import make_recording, make_session
from tests.pages import text_of
from tests.test_library import listed


def neighbour(answer, which):
    """The address of the previous or next call, or, in words, why there is none."""
    tag = re.search(rf'<(a|span)[^>]*data-neighbour="{which}"[^>]*>', answer.text)
    attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag[0]))
    return html.unescape(attributes.get("href") or attributes["title"])


def room(kallglot_id, query=""):
    return f"/sessions/{kallglot_id}/" + (f"?{urlencode({'list': query})}" if query else "")


@pytest.fixture
def calls(db):
    """Six calls, the newest first by name; equal and unknown lengths among them."""
    now = timezone.now()
    lengths = [60, None, 600, 60, None, 5]
    made = [
        make_session(
            f"sess_{name}",
            started_at=now - timedelta(hours=n),
            ended_at=None,
            duration=length,
            source_language="de" if n % 2 else "es",
        )
        for n, (name, length) in enumerate(zip("abcdef", lengths, strict=True))
    ]
    for n, session in enumerate(made[:4]):
        make_recording(session, duration=None, expires_at=now + timedelta(days=1 + n % 2))
    return made


@pytest.fixture
def reviewer(clients):
    return clients["reviewer"]


def test_a_plain_link_goes_through_what_one_may_see_newest_first(reviewer, calls):
    answer = reviewer.get(room("sess_b"))

    assert neighbour(answer, "previous") == room("sess_a")
    assert neighbour(answer, "next") == room("sess_c")


def test_the_ends_say_that_they_are(reviewer, calls):
    first, last = reviewer.get(room("sess_a")), reviewer.get(room("sess_f"))

    assert neighbour(first, "previous") == "This is the first call of the list."
    assert neighbour(last, "next") == "This is the last call of the list."
    assert re.search(r'data-neighbour="previous" role="link" aria-disabled="true"', first.text)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("filters", ["", "lang=de&"])
def test_one_walks_through_the_list_as_the_library_shows_it(filters, sort, reviewer, calls):
    query = f"{filters}sort={sort}"
    shown = listed(reviewer.get(f"/?{query}"))
    assert len(shown) == (3 if filters else 6)

    for which, expected in [("next", shown), ("previous", shown[::-1])]:
        walked, address = [], room(expected[0], query)
        while address.startswith("/"):
            walked.append(address.split("/")[2])
            address = neighbour(reviewer.get(address), which)
        assert walked == expected


def test_rows_carry_the_list_and_the_room_leads_back_to_it(reviewer, calls):
    query = "lang=de&sort=length"
    library = reviewer.get(f"/?{query}&page=1").text
    answer = reviewer.get(room("sess_d", query))

    assert f'href="{room("sess_d", query)}"' in library
    assert f'<a href="/?{html.escape(query)}"' in answer.text
    crumbs = re.search(r'<p class="crumbs">(.*?)</p>', answer.text, re.DOTALL)[1]
    assert text_of(crumbs) == "Library · Language: de"
    assert 'href="/sessions/sess_d/"' in reviewer.get("/").text


def test_a_row_that_looks_again_keeps_its_list(reviewer, calls):
    query = "lang=de"
    answer = reviewer.get(f"/sessions/sess_d/line?{urlencode({'list': query})}")

    assert f'href="{room("sess_d", query)}"' in answer.text


def test_the_table_of_files_keeps_the_list(reviewer, calls, vendor):
    query = urlencode({"list": "lang=de"})
    answer = reviewer.get(f"/sessions/sess_d/recordings?{query}", headers={"HX-Request": "true"})
    refreshed = reviewer.post(f"/sessions/sess_d/refresh?{query}&channel=agent")

    assert f'href="/sessions/sess_d/recordings?{query}&amp;channel=agent"' in answer.text
    assert f'action="/sessions/sess_d/refresh?channel=&amp;{query}"' in answer.text
    assert refreshed.headers["Location"] == f"/sessions/sess_d/?{query}&channel=agent"


def test_a_call_that_has_left_the_list_still_has_its_place_in_it(reviewer, calls):
    Session.objects.filter(kallglot_id="sess_d").update(source_language="fr")

    answer = reviewer.get(room("sess_d", "lang=de"))

    assert neighbour(answer, "previous") == room("sess_b", "lang=de")
    assert neighbour(answer, "next") == room("sess_f", "lang=de")


def test_calls_of_another_team_are_nobodys_neighbours(reviewer, calls, other_team):
    Session.objects.filter(kallglot_id__in=["sess_a", "sess_c", "sess_d"]).update(team=other_team)

    answer = reviewer.get(room("sess_b"))

    assert neighbour(answer, "previous") == "This is the first call of the list."
    assert neighbour(answer, "next") == room("sess_e")
    assert all(f"sess_{name}" not in answer.text for name in "acd")


@pytest.mark.parametrize("query", ["sort=pk", "status=xx", "q=%00", "page=9", "a" * 3000])
def test_a_list_that_is_none_is_all_calls(query, reviewer, calls):
    answer = reviewer.get(room("sess_b", query))

    assert answer.status_code == 200
    assert neighbour(answer, "next").startswith("/sessions/sess_c/")


@pytest.mark.parametrize("query", ["", "sort=-length&lang=de", "view=unheard&q=sess"])
def test_the_number_of_queries_does_not_grow_with_the_calls(
    query, reviewer, calls, django_assert_max_num_queries
):
    address = room("sess_d", query)
    reviewer.get(address)
    with django_assert_max_num_queries(100) as before:
        reviewer.get(address)
    for n in range(60):
        make_session(started_at=timezone.now() - timedelta(days=n), source_language="de")
    with django_assert_max_num_queries(len(before.captured_queries)):
        reviewer.get(address)


@pytest.mark.parametrize(
    ("query", "previous", "following"),
    [("", "sess_a", "sess_c"), ("lang=de", None, "sess_d"), ("no=list", "sess_a", "sess_c")],
)
def test_the_player_is_told_the_same_neighbours(query, previous, following, reviewer, calls):
    answer = reviewer.get(f"/sessions/sess_b/neighbours?{urlencode({'list': query})}")

    told = {"previous": previous and room(previous), "next": following and room(following)}
    assert answer.json() == told


def test_the_player_too_hears_of_no_calls_of_another_team(reviewer, calls, other_team):
    Session.objects.filter(kallglot_id="sess_c").update(team=other_team)

    assert reviewer.get("/sessions/sess_b/neighbours").json()["next"] == room("sess_d")
    assert reviewer.get("/sessions/sess_c/neighbours").status_code == 404
