"""Texts and wishes into words, the same for every database. Nothing here asks one.

What is stored and what is looked for pass the same folding: case, accents and the width of
letters do not count. A database only ever compares ready words, so nothing a person types can
be understood as an operator of its query language.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from recordings.kallglot import types
from recordings.kallglot.types import FoundId

from . import phone_numbers
from .phone_numbers import PastedNumber

# No word of a person holds these two characters, as neither is a letter or a digit.
_ID_PART, _NUMBER = "§", "¶"
_LONGEST_WORD = 64
_FEWEST_OF_ID = 4  # characters of an id's part
_MOST_PIECES = 20
_GRAM = 3
_EVERY_ID = "sess_"  # begins with it, and every call has one
_LONGEST_WISH = 400
_MOST_WISHES = 16

# Dashes and points of all kinds, which phone numbers are written with.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_POINTS = "\u00b7\u2022\u2024\u2219"
# The two that divide words in some scripts are no mere marks.
_JOINERS = "\u200c\u200d"


def _plain_character(character: str) -> str | None:
    """The digit or sign that stands for `character`, "" for an invisible mark, None for others."""
    if character in _DASHES:
        return "-"
    if character in _POINTS:
        return "."
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return "" if category == "Cf" and character not in _JOINERS else None


# What Unicode does not take apart into a base and an accent.
_PLAIN = {
    number: plain
    for number in (*range(0x80, 0x20000), *range(0xE0000, 0xE0200))  # no others are assigned
    if (plain := _plain_character(chr(number))) is not None
} | str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\u0131": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
# Vowel signs of South and South-East Asian scripts are part of a word, but no letters to `\w`.
_SIGNS = "".join(c for n in range(0x900, 0x1800) if unicodedata.category(c := chr(n))[0] == "M")
# Scripts that put no space between words: Thai to Burmese, Khmer, kana, Chinese.
_UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_WORD = re.compile(rf"[\w%{_SIGNS}]+")
_PIECE = re.compile(r"[%_]|[^%_]+")
_RUN = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


# "https://portal.example.com/sessions/", "2026-11-30_1114_", "Session ID: ", "[a link]("
_BEFORE_ID = re.compile(
    r"(?:(?:(?:session|recording|call|kallglot)[ -]?)*[^\s:=,;|]*[:=]\s*|\[[^\[\]]*\]\()?"
    r"[^\s,;|]*\Z"
)
# The rest of the link or name; browsers number copies: "….mp3" and "… (1).mp3".
_AFTER_ID = re.compile(r"[^\s,;|]*(?: \([0-9]+\)[^\s,;|]*)?")


@dataclass(frozen=True, slots=True)
class Term:
    """One stored word, or with `prefix` any that begins with it."""

    word: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part must be found in a call."""

    parts: tuple["Wish", ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801  (`Any` is taken)
    """One part must be found in a call; the others need not."""

    parts: tuple["Wish", ...]


Wish = Term | All | Any_

EVERY_CALL = All(())
"""What is wished for is part of every call."""


def wish(text: str) -> Wish | None:
    """What a person looks for when they type `text`; None if no word can be made of it.

    Every word must be found: as the beginning of a word, as part of an id, or as a phone number
    in whatever spelling (`phone_numbers`). Single letters are whole words. Of an endless text
    only the beginning counts.
    """
    text = types.plain(fold(text[:_LONGEST_WISH]))
    parts: list[Wish] = []
    position = 0
    for found in types.ids_in(text):
        # A link or a file's name counts by its id alone, and so does "Session: sess_…".
        parts += _wishes_without_ids(_BEFORE_ID.sub("", text[position : found.start]))
        parts.append(_id_wish(found))
        position = _AFTER_ID.match(text, found.end).end()
    parts += _wishes_without_ids(text[position:])
    return _all(parts[:_MOST_WISHES]) if parts else None


def words_of_text(text: str) -> Iterator[str]:
    """The words to store for some text, doubles included."""
    for word in _WORD.findall(fold(text)):
        pieces = _PIECE.findall(word)
        # With its signs it is a word as well, from any part on: "100%" must not find "1000",
        # but "a_b" is to find "call_a_b".
        for place in range(min(len(pieces) - 1, _MOST_PIECES)):
            yield "".join(pieces[place:])[:_LONGEST_WORD]
        for piece in pieces:
            yield from _segments(piece)


def words_of_id(kallglot_id: str) -> Iterator[str]:
    """The words to store for an id, so that any part of it is found."""
    yield from words_of_text(kallglot_id)
    body = fold(kallglot_id).partition("_")[2]
    for gram in _grams(body):
        yield _ID_PART + gram


def words_of_json(value: Any) -> Iterator[str]:
    """The words to store for a JSON value: its texts and numbers at any depth, without names."""
    if isinstance(value, dict):
        for item in value.values():
            yield from words_of_json(item)
    elif isinstance(value, list):
        for item in value:
            yield from words_of_json(item)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif value is not None:
        text = str(value)
        yield from words_of_text(text)
        yield from _number_words(phone_numbers.stored_digits(fold(text)))


def unique(words: Iterable[str], most_bytes: int) -> str:
    """`words`, each once and in the order of the alphabet, with spaces between.

    What goes beyond `most_bytes` is left out. The order tells at once that nothing changed.
    """
    kept, room = {}, most_bytes
    for word in words:
        if word not in kept:
            room -= len(word.encode()) + 1
            if room < 0:
                break
            kept[word] = None
    return " ".join(sorted(kept))


def fold(text: str) -> str:
    """`text` without case, accents, the width of letters and invisible marks; digits are ASCII.

    >>> fold("Łukasz GROSS, Zoé")
    'lukasz gross, zoe'
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare.translate(_PLAIN))


def _wishes_without_ids(text: str) -> list[Wish]:
    parts: list[Wish] = []
    position = 0
    for number in phone_numbers.find(text):
        parts += _wishes(text[position : number.start] + number.label)
        parts.append(_number_wish(number))
        position = number.end
    return parts + _wishes(text[position:])


def _id_wish(found: FoundId) -> Wish:
    """An id from its beginning on or any part of it; or the whole one, less what hangs on."""
    written = _all(_wishes(found.written))
    if found.id == found.written:
        return written
    return _any([written, _all([Term(word[:_LONGEST_WORD]) for word in _WORD.findall(found.id)])])


def _wishes(text: str) -> list[Wish]:
    return [_word_wish(word) for word in _WORD.findall(text)]


def _word_wish(word: str) -> Wish:
    word = word[:_LONGEST_WORD]
    if len(word) > 1 and _EVERY_ID.startswith(word):
        return EVERY_CALL
    if len(_PIECE.findall(word)) == 1 and _IS_UNSPACED.search(word):
        return _all([Term(part, prefix=True) for part in _segments(word, last=False)])
    ways: list[Wish] = [Term(word, prefix=len(word) > 1)]
    if len(word) >= _FEWEST_OF_ID and word.isascii() and "%" not in word:
        ways.append(_all([Term(_ID_PART + gram) for gram in _grams(word)]))
    return _any(ways)


def _number_wish(number: PastedNumber) -> Wish:
    """A phone number in any spelling, or several words one after the other."""
    endings, wholes = number.spellings()
    terms = [Term(word, prefix=True) for word in _number_words(endings)]
    terms += [Term(word) for word in _number_words(wholes)]
    return _any([*terms, _all(_wishes(number.text))])


def _number_words(numbers: Iterable[str]) -> Iterator[str]:
    """Digits from the end to the beginning: the end of a number is then a word's beginning."""
    for digits in numbers:
        if phone_numbers.FEWEST_DIGITS <= len(digits) <= phone_numbers.MOST_DIGITS:
            yield _NUMBER + digits[::-1]


def _segments(word: str, *, last: bool = True) -> Iterator[str]:
    """`word` itself, or pairs of characters of a script that puts no space between words.

    last: whether the last character also stands alone, so that its beginning is found as well.
    """
    for run in _RUN.findall(word):
        if not _IS_UNSPACED.match(run):
            yield run[:_LONGEST_WORD]
            continue
        for place in range(len(run) - 1):
            yield run[place : place + 2]
        if last or len(run) == 1:
            yield run[-1]


def _grams(text: str) -> list[str]:
    return [text[place : place + _GRAM] for place in range(len(text) - _GRAM + 1)]


def _all(parts: list[Wish]) -> Wish:
    parts = [part for part in parts if part != EVERY_CALL]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _any(parts: list[Wish]) -> Wish:
    return parts[0] if len(parts) == 1 else Any_(tuple(parts))
