"""What a call's page says of its transcript, and how the transcript comes onto it."""

import html
import re

import pytest

from recordings.models import Transcript
from recordings.services import transcripts
from recordings.simulator.calls import Turn as Told
from tests.conftest import CALL
from tests.factories import make_session
from tests.pages import elements, text_of

HTMX = {"HX-Request": "true"}
ROOM = f"/sessions/{CALL}/"
PART = f"/sessions/{CALL}/transcript"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</li></ol><svg onload=alert(1)>",
    "{{ settings.SECRET_KEY }}{% debug %}",
]


def lines(answer):
    return [
        text_of(line)
        for line in re.findall(r'<li class="turn"[^>]*>(.*?)</li>', answer.text, re.DOTALL)
    ]


def section(answer):
    return re.search('<section id="transcript".*?</section>', answer.text, re.DOTALL)[0]


def test_the_page_has_both_languages_with_their_marks(clients, told, vendor):
    vendor.options.generation = "older"
    transcripts.fetch(told())

    answer = clients["reviewer"].get(ROOM)

    assert lines(answer) == [
        "0:00 Agent en Support, this is Ana. de Kundendienst, hier ist Ana.",
        "0:05 Customer de Mein Paket fehlt. en My parcel is missing.",
        "0:08 Agent en I see. de Ich verstehe.",
    ]
    assert '<span lang="de" dir="auto">Mein Paket fehlt.</span>' in answer.text
    assert '<span lang="en" dir="auto">My parcel is missing.</span>' in answer.text
    assert "about a second" not in section(answer)


def test_times_from_whole_seconds_are_marked(clients, told):
    transcripts.fetch(told())

    answer = clients["reviewer"].get(ROOM)

    assert lines(answer)[1].startswith("≈ 0:04 Customer")
    assert "Times are right to about a second." in section(answer)


def test_a_turn_without_a_time_says_so(clients, told):
    transcripts.fetch(told())
    Transcript.objects.get().turns.update(start=None, end=None)

    assert lines(clients["reviewer"].get(ROOM))[0].startswith("no time Agent")


def test_the_page_asks_for_what_is_due_and_never_waits_for_it(clients, told, vendor):
    told()
    vendor.requests.clear()

    page = clients["reviewer"].get(ROOM)
    assert "The transcript is being prepared." in text_of(section(page))
    assert f'hx-get="{PART}?look=0" hx-trigger="load"' in section(page)
    assert vendor.requests.count() == 0

    part = clients["reviewer"].get(f"{PART}?look=0", headers=HTMX)
    assert part.text.lstrip().startswith("<section")
    assert len(lines(part)) == 3
    assert "hx-get" not in part.text
    assert vendor.requests.count("/transcript") == 1


def test_a_transcript_to_come_is_looked_for_ever_more_seldom(clients, told, vendor):
    told(turns=())
    client = clients["reviewer"]

    for look, delay in [(0, 5), (1, 10), (2, 15), (6, 300), (99, 300), ("abc", 5), ("-1", 5)]:
        part = client.get(f"{PART}?look={look}", headers=HTMX)
        assert f'hx-trigger="load delay:{delay}s"' in part.text
    assert vendor.requests.count("/transcript") == 1


def test_without_htmx_it_is_a_page_of_its_own(clients, told):
    told()

    answer = clients["reviewer"].get(PART)

    assert "<!doctype html>" in answer.text
    assert len(lines(answer)) == 3


def test_trouble_with_kallglot_is_said_in_words(clients, told, vendor):
    told()
    vendor.faults.add("status", "/transcript", status=503)

    part = clients["reviewer"].get(PART, headers=HTMX)

    assert part.status_code == 200
    assert "Kallglot is not reachable at the moment." in text_of(part.text)
    assert 'hx-trigger="load delay:5s"' in part.text


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"status": "active", "ended_at": None}, "The transcript comes after the end of the call."),
        ({}, "The transcript is being prepared. This page looks again by itself."),
    ],
)
def test_without_turns_the_page_says_why(facts, sentence, clients, db):
    make_session(CALL, **facts)

    assert sentence in text_of(clients["reviewer"].get(ROOM).text)


def test_a_call_without_a_transcript_says_so_and_asks_no_more(clients, db):
    Transcript.objects.create(session=make_session(CALL))

    answer = clients["reviewer"].get(ROOM)

    assert "Kallglot has no transcript of this call." in section(answer)
    assert "hx-get" not in section(answer)


def test_files_are_offered_or_blocked_with_the_reason(clients, told):
    transcripts.fetch(told())

    lead, reviewer = (section(clients[role].get(ROOM)) for role in ("lead", "reviewer"))

    for kind in ("txt", "vtt", "srt", "csv", "json"):
        assert f'formaction="{PART}.{kind}"' in lead
    assert "transcript.txt" not in reviewer
    assert "A lead can download this call for you." in reviewer


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_said_is_text(text, clients, told):
    transcripts.fetch(told((Told(text[:40], text[:40], text, text, text[:40], 0, 1),)))

    for answer in (clients["lead"].get(ROOM), clients["lead"].get(PART, headers=HTMX)):
        assert answer.text.count(html.escape(text)) >= 2
        for name, attributes in elements(answer.text):
            assert name != "svg"
            assert not any(attribute.startswith("on") for attribute in attributes)
            assert name != "script" or attributes.get("integrity")
            assert name != "img" or attributes["src"].startswith("/static/")


def test_the_number_of_queries_does_not_grow_with_the_turns(
    clients, told, django_assert_max_num_queries
):
    turns = tuple(Told("agent", "en", f"t{n}", f"u{n}", "de", n / 100, n / 100) for n in range(300))
    transcripts.fetch(told(turns))
    client = clients["reviewer"]
    client.get(ROOM)

    with django_assert_max_num_queries(19):
        assert len(lines(client.get(ROOM))) == 300
