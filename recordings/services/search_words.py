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

# No word of a person holds these two characters, as neither is a letter or a digit.
_ID_PART, _NUMBER = "§", "¶"
_LONGEST_WORD = 64
_FEWEST_DIGITS = 4  # of a phone number's end, and characters of an id's part
_MOST_DIGITS = 24
_MOST_PIECES = 20
_GRAM = 3
_EVERY_ID = "sess_"  # begins with it, and every call has one
_LONGEST_WISH = 400
_MOST_WISHES = 16

# Letters that Unicode does not take apart into a base and an accent.
_WITHOUT_STROKE = str.maketrans(
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
_DIGITS = re.compile(r"[0-9]+")
_NUMBER_IN_TEXT = re.compile(r"[0-9][0-9 ()./-]*[0-9]")
_NUMBER_AS_WISH = re.compile(r"(?<!\S)[+(]{0,2}[0-9][0-9 ()./-]*[0-9](?!\S)")
_TRUNK_ZERO = re.compile(r"\(0\)")


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

    Every word must be found: as the beginning of a word, as part of an id, or as the end of a
    phone number, which may be spelt with spaces, brackets and dashes. Single letters are whole
    words. Of an endless text only the beginning counts.
    """
    text = fold(text[:_LONGEST_WISH])
    parts: list[Wish] = []
    position = 0
    for match in _NUMBER_AS_WISH.finditer(text):
        parts += _wishes(text[position : match.start()])
        parts += _number_wish(match[0])
        position = match.end()
    parts += _wishes(text[position:])
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
        yield from _words_of_numbers(fold(text))


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
    """`text` without case, accents and the width of letters.

    >>> fold("Łukasz GROSS, Zoé")
    'lukasz gross, zoe'
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare.translate(_WITHOUT_STROKE))


def _wishes(text: str) -> list[Wish]:
    return [_word_wish(word) for word in _WORD.findall(text)]


def _word_wish(word: str) -> Wish:
    word = word[:_LONGEST_WORD]
    if len(word) > 1 and _EVERY_ID.startswith(word):
        return EVERY_CALL
    if len(_PIECE.findall(word)) == 1 and _IS_UNSPACED.search(word):
        return _all([Term(part, prefix=True) for part in _segments(word, last=False)])
    ways: list[Wish] = [Term(word, prefix=len(word) > 1)]
    if len(word) >= _FEWEST_DIGITS and word.isascii():
        if "%" not in word:
            ways.append(_all([Term(_ID_PART + gram) for gram in _grams(word)]))
        if word.isdigit():
            ways += _number_term(word)
    return _any(ways)


def _number_wish(text: str) -> list[Wish]:
    """A number that may be a phone number with gaps, or several words one after the other."""
    apart = _wishes(text)
    whole = _number_term("".join(_DIGITS.findall(_TRUNK_ZERO.sub("", text))))
    if len(apart) == 1 or not whole:
        return apart
    return [_any([*whole, _all(apart)])]


def _number_term(digits: str) -> list[Term]:
    # 0 and 00 before a number are dialled, not stored: 030 901820 is +49 30 901820.
    digits = digits.lstrip("0")
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return []
    return [Term(_NUMBER + digits[::-1], prefix=True)]


def _words_of_numbers(text: str) -> Iterator[str]:
    """Digits from the end to the beginning: the end of a number is then a word's beginning."""
    for match in _NUMBER_IN_TEXT.finditer(text):
        apart = _DIGITS.findall(match[0])
        whole = "".join(_DIGITS.findall(_TRUNK_ZERO.sub("", match[0])))
        for digits in dict.fromkeys([whole, *apart]):
            if _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
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
