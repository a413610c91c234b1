"""Whatever is searched for, a database finds what going through every call by hand finds."""

import random
from datetime import timedelta
from itertools import islice, product

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings import search_index
from recordings.models import SearchDocument, Session, Transcript, Turn
from recordings.services import search_queries, search_words, searching
from tests.factories import make_recording, make_session

_FREQUENT = "invoice invoices please konto kontoinhaber kontostand rechnung rec_list re-open a_b"
_SELDOM = "zeppelin kontonummer rechnungsnummer 包裹在这里 in internet 010 4711 plea q größe"
_TYPED = (
    *("in", "inv", "invo", "invoice", "invoices", "re", "rec", "rec_", "rech", "rechnung", "ko"),
    *("kont", "konto", "plea", "please", "zepp", "q", "a_b", "a_", "01", "010", "471", "4711"),
    *("包裹", "包", "GRÖ", "gross", "sess_", "01HX", "rec_01", "rec_01HX2", "xylophone"),
)
# Few or many calls, few or many words: each makes a database take another way.
_LIMITS = ("_FEW", "_ABOUT_FEW", "_MOST_SPELT_OUT")


@pytest.fixture
def calls(db):
    """Calls of made-up words, some in most of them, begun in no order."""
    chance, now = random.Random(5), timezone.now()
    for number in range(60):
        session = make_session(
            f"sess_01HX{number:04}",
            started_at=now - timedelta(hours=chance.randrange(1, 40)),
            mode=chance.choice(("listen_only", "agent_assist")),
            phone_number=f"+4930{number * 7919:06}",
        )
        for part in range(number % 3):
            make_recording(session, f"rec_01HX{number:04}{part}")
        words = [word for word in _FREQUENT.split() if chance.random() < 0.6]
        words += [word for word in _SELDOM.split() if chance.random() < 0.1]
        transcript = Transcript.objects.create(session=session)
        Turn.objects.create(transcript=transcript, position=1, text=" ".join(words))
        searching.index(session, spoken_too=True)


def by_hand(sessions, text):
    """The ids of those of `sessions` in which every word of `text` is found, in their order."""
    wish = search_words.wish(text)
    stored = {
        document.session_id: set(f"{document.facts} {document.spoken}".split())
        for document in SearchDocument.objects.all()
    }
    return [s.kallglot_id for s in sessions if wish is not None and _holds(wish, stored[s.pk])]


def _holds(wish, words):
    if isinstance(wish, search_words.Term):
        same = str.startswith if wish.prefix else str.__eq__
        return any(same(word, wish.word) for word in words)
    every = all if isinstance(wish, search_words.All) else any
    return every(_holds(part, words) for part in wish.parts)


@pytest.mark.parametrize("limit", [None, 0, 3])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    typed=st.lists(st.sampled_from(_TYPED), min_size=1, max_size=4),
    order=st.sampled_from(("sort_at", "-sort_at", "-length_s")),
    mode=st.sampled_from(("", "listen_only")),
)
def test_every_way_finds_the_same_calls_in_the_same_order(
    limit, typed, order, mode, calls, monkeypatch
):
    for name in _LIMITS if limit is not None else ():
        monkeypatch.setattr(search_queries, name, limit)
    sessions = Session.objects.order_by(order, "-pk")
    if mode:
        sessions = sessions.filter(mode=mode)
    text = " ".join(typed)

    found = searching.matching(sessions, text)

    assert [session.kallglot_id for session in found] == by_hand(sessions, text)
    assert [session.kallglot_id for session in found[:5]] == by_hand(sessions, text)[:5]
    assert found.count() == len(by_hand(sessions, text))


def test_an_overlong_call_is_found_whatever_its_script(db):
    """As much as a row holds is kept, counted as the database counts."""
    letters = [chr(number) for number in range(ord("가"), ord("가") + 60)]
    words = ["".join(word) for word in islice(product(letters, repeat=3), 200_000)]
    session = make_session("sess_long", metadata={"all": " ".join(words[:100_000])})
    transcript = Transcript.objects.create(session=session)
    Turn.objects.create(transcript=transcript, position=1, text=" ".join(words[100_000:]))

    searching.index(session, spoken_too=True)

    for text in (words[0], words[0][:2], words[100_000]):
        assert searching.matching(Session.objects.all(), text).get() == session


def test_beginnings_are_added_to_calls_that_are_too_long_for_them(db):
    """From before words were counted in bytes; it is cut between two words here."""
    session = make_session("sess_long")
    words = [f"{letter}{number:08}" for letter in "ab" for number in range(40_000)]
    editor = connection.schema_editor()
    if connection.vendor == "postgresql":
        # A row of the same transaction would otherwise wait for its check, and the change for it.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    search_index.drop_beginnings(None, editor)
    SearchDocument.objects.create(session=session, facts=" ".join(words))

    search_index.add_beginnings(None, editor)

    for text in (words[0], words[0][:2], words[0][:4]):
        assert searching.matching(Session.objects.all(), text).get() == session
