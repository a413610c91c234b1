"""Phone numbers in the search: however they are pasted, whatever spelling the call has."""

import re

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from recordings.models import Session
from recordings.services import phone_numbers, search_words, searching

MARKS = "\u200b\u200e\u200f\u202a\u202c\u202d\u2060\u2066\u2068\u2069\ufeff\u00ad"
BLANKS = " \u00a0\u2007\u2009\u202f\u3000"
DASHES = "-\u2010\u2011\u2013\u2014\u2212\uff0d"
OTHER_DIGITS = ("０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९")  # noqa: RUF001

# How a number is stored, then how it is pasted.
SAME = {
    "+447911123456": [
        "\u202d+44 7911 123456\u202c",
        "\u202a+44 7911 123456\u202c",
        "\u200e+44 7911 123456",
        "\u2068+44 7911 123456\u2069",
        "+44\u200b7911\u200b123456",
        "+44\u00a07911\u00a0123456",
        "+44\u202f7911\u2009123456",
        "+44 7911\u2011123456",
        "+44 7911 – 123456",
        "07911 123456,",
        "07911 123456.",
        "07911 123456?",
        "(07911) 123456)",
        "Tel: 07911 123456",
        "Tel.: 07911 123456",
        "Tel.07911/123456",
        "Tel.-Nr.: 07911 123456",
        "Téléphone : 07911 123456",
        "Customer phone: 07911 123456",
        "Handy 07911 123456",
        "From: <+447911123456>",
        "tel:+447911123456",
        "<tel:+44-7911-123456>",
        "sip:+447911123456@sip.example.com;user=phone",
        "447911123456@s.whatsapp.net",
        "https://wa.me/447911123456",
        "TEL;TYPE=CELL:+447911123456",
        "phone=%2B447911123456",
        '"+44 7911 123456"',
        "'07911 123456'",
        "„07911 123456“",
        "*07911 123456*",
        "_07911 123456_",
        "`07911 123456`",
        "[+44] (0) 7911/123456",
        "+44 ( 0 ) 7911 123456",
        "+44 (07911) 123456",
        "+44 07911 123456",
        "0044 (0)7911 123456",
        "00 44 7911 123456",
        "011 44 7911 123456",
        "+ 44 7911 123456",
        "+44.7911.123456",
        "４４７９１１１２３４５６",  # noqa: RUF001
        "+٤٤ ٧٩١١ ١٢٣٤٥٦",
        "07911 123456 ext. 5",
        "+44 7911 123456;ext=12",
        "+44 7911 123456x12",
        "☎️ 07911 123456",
        "+44 7911 123456 (mobile)",
        "07911 123456 [Work]",
    ],
    "030 5550199": [
        "+49 30 5550199",
        "0049 30 5550199",
        "+49 (0)30 5550199",
        "+49 (030) 555-01-99",
        "49305550199",
        "\u202d+49 30 5550199\u202c",
        "Tel: +49 30/5550199",
        "030/555 01 99",
    ],
    "2025550188": ["+1 202 555 0188", "1-202-555-0188", "+1 (202) 555-0188", "001 202 555 0188"],
    "(202) 555-0188 x7": ["+1 202 555 0188", "+12025550188 ext 7"],
    "305550199": ["+49 30 5550199", "030 5550199"],
    "+49 (030) 5550199": ["+49 30 5550199", "030 5550199"],
    "\u202d+49\u00a030\u20115550199\u202c": ["+49 30 5550199", "030 5550199", "305550199"],
    "+49 171 1234567": ['"+49 171 1234567"', "0171/1234567", "０１７１ー１２３４５６７"],
    "030 5550199 / 0171 1234567": ["+49 30 5550199", "+49 171 1234567"],
    "8 (495) 555-01-99": ["+7 495 555 01 99"],
    "+7 495 555 01 99": ["8 (495) 555-01-99", "8 495 5550199"],
    "06 1 555 0199": ["+36 1 555 0199"],
    "06 5550 1992": ["+39 06 5550 1992"],
    "+39 06 5550 1992": ["06 5550 1992", "0039 06 5550 1992"],
    "٠٣٠ ٥٥٥٠١٩٩": ["+49 30 5550199"],
}
OTHER = {
    "030 5550199": [
        "+49 40 5550199",
        "+49 30 5550198",
        "+43 1 305550199",
        "+49 89 030 5550199",
        "+49 30 55501990",
    ],
    "2025550188": ["+1 212 555 0188", "+44 20 2555 0189", "+1 1202 555 0188"],
    "5550199": ["+49 30 5550199", "+1 202 555 0199"],
    "+44 30 5550199": ["+49 30 5550199"],
    "+49 30 5550199": ["030 5550199 (parcel)", "030 5550199 mobile"],
    "4711": ["+49 4711", "Tel: 4712", "00 49 4711"],
}


def found(text):
    return set(
        searching.matching(Session.objects.all(), text).values_list("kallglot_id", flat=True)
    )


def keep(number, kallglot_id="sess_number"):
    session, _ = Session.objects.get_or_create(kallglot_id=kallglot_id)
    session.metadata = {"customer": number}
    searching.index(session)


def test_a_number_is_found_however_it_is_pasted_and_stored(db):
    keep("+1 999 000 1111", "sess_other")
    missed = []
    for stored, spellings in SAME.items():
        keep(stored)
        missed += [(stored, text) for text in spellings if found(text) != {"sess_number"}]

    assert missed == []


def test_other_numbers_are_not_found(db):
    wrong = []
    for stored, spellings in OTHER.items():
        keep(stored)
        wrong += [(stored, text) for text in spellings if found(text)]

    assert wrong == []


def test_words_and_short_numbers_beside_a_number_still_count(db):
    keep("parcel T-4711, +44 7911 123456")

    for text in ("parcel 07911 123456", "T-4711 07911123456", "07911 123456, parcel", "Tel: 3456"):
        assert bool(found(text)) == (text != "Tel: 3456"), text
    for text in ("letter 07911 123456", "T-4712 07911 123456", "07911 123456 letter"):
        assert not found(text), text


def _decorated(draw, number):
    """`number`, "+" and digits, as someone might paste it."""
    digits = draw(st.sampled_from(["0123456789", *OTHER_DIGITS]))
    gap = st.text(BLANKS + DASHES + MARKS + "./()", max_size=3)
    written = ["+"] + [digits[int(digit)] + draw(gap) for digit in number[1:]]
    before = draw(st.text(BLANKS + MARKS + "\"'<([*_„«:,;", max_size=4))
    after = draw(st.text(BLANKS + MARKS + "\"'>)]*_“»,;.!?", max_size=4))
    label = draw(st.sampled_from(["", "Tel:", "tel:", "Phone: ", "Tel. ", "Mobil ", "Kunde: "]))
    return f"{label}{before}{''.join(written)}{after}"


@st.composite
def _numbers(draw):
    code = draw(st.sampled_from(["1", "7", "49", "44", "33", "353", "971"]))
    return f"+{code}{draw(st.integers(10**7, 10**10 - 1))}"


@st.composite
def _pasted(draw):
    number = draw(_numbers())
    return number, _decorated(draw, number)


def _finds(text, stored):
    """Whether a call with the number `stored` is found by `text`; without a database."""
    words = set(search_words.words_of_json(stored))
    return _holds(search_words.wish(text), words)


def _holds(wish, words):
    if isinstance(wish, search_words.Term):
        same = str.startswith if wish.prefix else str.__eq__
        return any(same(word, wish.word) for word in words)
    every = all if isinstance(wish, search_words.All) else any
    return every(_holds(part, words) for part in wish.parts)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_pasted())
def test_any_decoration_of_a_number_finds_it(pasted):
    number, text = pasted
    code, national = phone_numbers.split_country_code(number[1:])
    trunk = {"1": "", "7": "8"}.get(code, "0")

    for stored in (number, f"00{number[1:]}", trunk + national, f"+{code} (0) {national}"):
        assert _finds(text, stored), stored


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_pasted(), _numbers())
def test_no_decoration_of_a_number_finds_another(pasted, other):
    number, text = pasted
    # A word is found by its beginning, and so is a number typed in pieces.
    pieces = re.findall("[0-9]+", search_words.fold(text))
    assume(number != other and not all(other[1:].startswith(piece) for piece in pieces))
    _, national = phone_numbers.split_country_code(other[1:])
    same_at_home = phone_numbers.split_country_code(number[1:])[1] == national

    assert not _finds(text, other)
    assert same_at_home or not _finds(text, f"0{national}")
