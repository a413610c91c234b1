"""Finding calls by ids, metadata, phone numbers and words; the same on every database."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.models import SearchDocument, Session, Transcript, Turn
from recordings.services import search_queries, searching, sync, transcripts
from recordings.simulator import make_call, noise
from recordings.simulator.calls import Turn as Told
from tests.conftest import CALL
from tests.factories import make_recording, make_session


def found(text):
    return set(
        searching.matching(Session.objects.all(), text).values_list("kallglot_id", flat=True)
    )


@pytest.fixture
def make(db):
    """Makes a call that can be found; `said` are pairs of original and translation."""

    def make_call_found(kallglot_id, recordings=(), said=(), **facts):
        session = make_session(kallglot_id, **facts)
        for recording_id in recordings:
            make_recording(session, recording_id)
        transcript = Transcript.objects.create(session=session)
        for number, (original, translation) in enumerate(said, 1):
            Turn.objects.create(
                transcript=transcript, position=number, text=original, translation=translation
            )
        searching.index(session, spoken_too=True)
        return session

    return make_call_found


@pytest.fixture
def calls(make):
    make(
        "sess_01HXYZ123456789",
        ["rec_01HABC987654321", "rec_01HABC987654322"],
        [("Mein Paket fehlt.", "My parcel is missing."), ("Großmutters Tür", "grandma's door")],
        phone_number="+4930901820",
        metadata={
            "ticket_id": "T-4711",
            "customer_name": "Łukasz Groß-Öztürk",
            "nested": {"list": [{"deep": "treasure"}, 1234.5]},
            "discount": "100%",
            "file": "call_a_b.wav",
            "vip": True,
        },
    )
    make(
        "sess_01ZZZZZZZZZZZZZ",
        ["rec_01ZQQQQQQQQQQQQ"],
        [("¿Dónde está mi pedido?", "Where is my order?")],
        phone_number="+34 612-345-678",
        metadata={"ticket_id": "T-4712", "amount": "1000", "file": "callxaxb", "from": "+49171123"},
    )


FIRST, SECOND = "sess_01HXYZ123456789", "sess_01ZZZZZZZZZZZZZ"
OPERATORS = "\"'*()^:+-&|!<>\\%_ aN0R9ÄND{}\x00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Ids: whole, from the beginning, any part, of recordings too, in any case.
        ("sess_01HXYZ123456789", {FIRST}),
        ("sess_01HX", {FIRST}),
        ("01HXYZ", {FIRST}),
        ("XYZ1234", {FIRST}),
        ("6789", {FIRST}),
        ("rec_01HABC987654321", {FIRST}),
        ("habc9876", {FIRST}),
        ("654322", {FIRST}),
        ("QQQQ", {SECOND}),
        ("sess_01", {FIRST, SECOND}),
        # Metadata: any value at any depth, not the names.
        ("T-4711", {FIRST}),
        ("t 4712", {SECOND}),
        ("treasure", {FIRST}),
        ("1234.5", {FIRST}),
        ("ticket_id", set()),
        ("lukasz", {FIRST}),
        ("ŁUKASZ gross", {FIRST}),
        ("ozturk", {FIRST}),
        # Phone numbers in any spelling, from their end.
        ("+4930901820", {FIRST}),
        ("030 901820", {FIRST}),
        ("+49 (30) 901820", {FIRST}),
        ("+49 (0)30 901820", {FIRST}),
        ("0049 30 90 18 20", {FIRST}),
        ("030/901820", {FIRST}),
        ("901820", {FIRST}),
        ("01820", {FIRST}),
        ("901 821", set()),
        ("612345678", {SECOND}),
        ("0612 345 678", {SECOND}),
        ("1123", {SECOND}),
        # Words in both languages, from their beginning, without case and accents.
        ("Paket", {FIRST}),
        ("parc", {FIRST}),
        ("arcel", set()),
        ("GROSSMUTTER", {FIRST}),
        ("großmutters tur", {FIRST}),
        ("donde esta", {SECOND}),
        ("pedído", {SECOND}),
        # All words, wherever in the call they are.
        ("parcel Paket 901820 T-4711", {FIRST}),
        ("parcel order", set()),
        ("my", {FIRST, SECOND}),
        # Nothing is a wildcard or an operator.
        ("100%", {FIRST}),
        ("%", {FIRST}),
        ("100", {FIRST, SECOND}),
        ("a_b", {FIRST}),
        ("call_a", {FIRST}),
        ("_", {FIRST, SECOND}),
        ("par*", {FIRST}),
        ("parcel OR order", set()),
        # Every call has an id that begins so.
        ("sess_", {FIRST, SECOND}),
        ("SE", {FIRST, SECOND}),
        ("sess_ parcel", {FIRST}),
        ("parcel sess", {FIRST}),
        ("sess_01HXYZ", {FIRST}),
        ("parcel AND missing", set()),
        ("NOT parcel", set()),
        ('"', set()),
        ("*", set()),
        ("-", set()),
        ("facts:parcel", set()),
        ("", {FIRST, SECOND}),
        ("   ", {FIRST, SECOND}),
    ],
)
def test_what_is_found(text, expected, calls):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("我的包裹丢了", "包裹"),
        ("我的包裹丢了", "丢"),
        ("荷物が届きません", "届き"),
        ("พัสดุของฉันหายไป", "ของฉัน"),
        ("मेरा पार्सल गायब है", "पार्सल"),
        ("طردي مفقود", "مفقود"),
        ("посылка пропала", "ПОСЫЛ"),
        ("택배가 없어요", "택배"),
        ("\uff26\uff35\uff2c\uff2c\u3000width", "full"),
    ],
)
def test_words_of_any_script_are_found(said, text, make):
    make("sess_there", said=[(said, "")])
    make("sess_elsewhere", said=[("другое 他 อื่น other", "")])

    assert found(text) == {"sess_there"}


def test_the_order_and_the_limits_of_the_calls_given_stay(calls, make):
    make("sess_third", said=[("parcel", "")])
    chosen = Session.objects.exclude(kallglot_id=FIRST).order_by("-kallglot_id")

    ids = searching.matching(chosen, "my").values_list("kallglot_id", flat=True)

    assert list(ids) == [SECOND]
    assert searching.matching(chosen, "parcel").count() == 1


def test_a_word_in_very_many_calls_finds_them_all_in_order(db, monkeypatch):
    monkeypatch.setattr(search_queries, "_FEW", 5)
    for number in range(12):
        said = f"often{number % 3} n{number % 2}"
        session = make_session(f"sess_{number:02}", metadata={"said": said})
        searching.index(session)

    many = searching.matching(Session.objects.order_by("-kallglot_id"), "often")
    half = searching.matching(Session.objects.exclude(kallglot_id="sess_02"), "often n0")
    whole = searching.matching(Session.objects.order_by("kallglot_id"), "n1")

    assert [session.kallglot_id for session in many[:3]] == ["sess_11", "sess_10", "sess_09"]
    assert many.count() == 12
    assert half.count() == 5
    assert [session.kallglot_id for session in whole[4:]] == ["sess_09", "sess_11"]


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=80) | st.text(OPERATORS, max_size=40))
def test_no_text_is_an_error(text, calls):
    found(text)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 60_000,
        "a " * 30_000,
        "1" * 5_000,
        "(" * 5_000,
        "\x00",
        "\ud800",
        "\U0001d4ab\U0001d4b6",
        "a\x00b",
        "٣٤٥٦٧",
    ],
)
def test_strange_texts_are_no_error(text, calls):
    found(text)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(word=st.from_regex(r"\A\w{2,30}\Z"))
def test_whatever_is_a_word_is_found_by_itself(word, db):
    session, _ = Session.objects.get_or_create(kallglot_id="sess_any")
    session.metadata = {"word": word.replace("\x00", "")}
    searching.index(session)

    assert found(word) == {"sess_any"}


def test_another_refresh_keeps_the_index_in_step(vendor, db):
    vendor.add_call(make_call(CALL, {"mixed": noise(10)}, metadata={"ticket": "T-1111"}))
    sync.refresh(CALL)
    assert found("T-1111") == found("known_mixed") == {CALL}

    vendor.add_call(make_call(CALL, {"agent": noise(10)}, metadata={"ticket": "T-2222"}))
    sync.refresh(CALL)

    assert found("T-1111") == set()
    assert found("T-2222") == found("known_agent") == {CALL}


def test_a_transcript_is_found_as_soon_as_it_is_kept(vendor, db):
    turns = (Told("customer", "de", "Mein Paket fehlt.", "My parcel is missing.", "en", 1, 2),)
    vendor.add_call(make_call(CALL, {"mixed": noise(10)}, turns=turns))
    session = sync.open_call(CALL)
    assert found("parcel") == set()

    transcripts.fetch(session)
    assert found("parcel fehlt") == {CALL}

    sync.refresh(CALL)
    assert found("parcel fehlt") == {CALL}


def test_a_deleted_call_is_no_longer_found(calls):
    Session.objects.get(kallglot_id=FIRST).delete()

    assert found("parcel") == set()
    assert found("my") == {SECOND}


def test_an_unchanged_call_costs_no_writing(calls, django_assert_num_queries):
    session = Session.objects.get(kallglot_id=FIRST)

    # The recordings, and what is known.
    with django_assert_num_queries(2):
        searching.index(session)


def test_reindex_makes_everything_anew(calls):
    before = list(SearchDocument.objects.order_by("pk").values())
    SearchDocument.objects.filter(session__kallglot_id=FIRST).update(facts="wrong", spoken="")
    Session.objects.get(kallglot_id=SECOND).search_document.delete()
    out = StringIO()

    call_command("reindex", stdout=out)

    assert out.getvalue() == "2 calls\n"
    assert list(SearchDocument.objects.order_by("pk").values()) == before
    assert found("parcel 901820") == {FIRST}
    assert found("wrong") == set()


def test_an_overlong_call_is_still_found(make):
    long = " ".join(f"word{number}" for number in range(100_000))
    make("sess_long", said=[("first", long)], metadata={"x": long})

    assert found("first") == found("word1 word99") == {"sess_long"}


def test_the_database_index_agrees_with_its_table(calls):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite keeps it apart")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO recordings_search (recordings_search, rank) VALUES ('integrity-check', 1)"
        )
