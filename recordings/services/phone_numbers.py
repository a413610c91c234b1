"""Phone numbers in text: where they are, and the spellings under which a call may store them.

All text here is folded first (`search_words.fold`), so digits, dashes and blanks are ASCII and
invisible marks are gone. No database is asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FEWEST_DIGITS = 4
MOST_DIGITS = 24

# What may stand between the digits of one number. Japanese keyboards type "ー" for a hyphen.
_GAP = r" ()\[\]./ー-"
_IN_TEXT = re.compile(rf"[0-9][0-9{_GAP}]*[0-9]")
_TWO_NUMBERS = re.compile(r" ?/ ?| - |  +")
_DIGITS = re.compile(r"[0-9]+")
_TRUNK_ZERO = re.compile(r"[(\[] ?0 ?[)\]]")

# Words that announce a number, in the languages of our users, without accents.
_ANNOUNCING = (
    r"(?:tele?(?:ph|f)[oe]{1,2}n[eo]?(?:nummer)?|tel|phone|fon|ph|mobile?|movil|mobiel|mob|cell"
    r"|cellulare|cellular|celular|gsm|handy|fax|call|caller|callto|customer|rufnummer|number"
    r"|nummer|numero|nr|no|whatsapp|sms|sips?)(?![^\W\d])"
)
# Address books put the kind of a number behind it: "+44 7911 123456 (mobile)".
_KIND = r"(?:home|work|office|main|private?|business|geschaftlich|arbeit|travail|domicile)"
_PASTED = re.compile(
    rf"""
    (?: (?P<label> (?<![^\W_]) {_ANNOUNCING} (?: [^\w+]* {_ANNOUNCING} )* )
      | (?P<named> (?<!\S) (?=\S*[^\W\d_]) (?: [^\s:=]* [:=] )* (?: [^\s:=]* [:=] | \S*? wa\.me/ ) )
      # A number of its own: neither the end of "T-4711" nor of "10:30".
      | (?= \+ ) | (?<! [^\W_] ) (?<! [^\W_][-./_] ) (?<! [0-9]: )
    )
    (?: [^\w%+] | _ )* (?P<plus> (?: \+ | %2b ) [{_GAP}]* )? (?P<number> [0-9] [0-9{_GAP}]* [0-9] )
    # An extension, and the host of an address such as sip:…@sip.example.com.
    (?: [ ,;]* (?: ext(?:ension)?[ .:=]* | x | \# | durchwahl[ .:]* | dw[ .:]* ) [0-9]{{1,6}} )?
    (?: [@;] \S* )?
    (?: [ ]* [(\[<] [ ]* (?: {_KIND} (?![^\W\d]) | {_ANNOUNCING} ) \.? [ ]* [)\]>] )?
    (?: [^\w%+] | _ )* (?! [\w%] )
    """,
    re.VERBOSE,
)
# A shorter number keeps its label as words: "ticket: 4711".
_FEWEST_DIGITS_WITH_LABEL = 7

# ITU-T E.164, annex: at most 15 digits; a country code has one, two or else three of them.
_MOST_INTERNATIONAL_DIGITS = 15
_FEWEST_NATIONAL_DIGITS = 6
_ONE_DIGIT_CODES = ("1", "7")
_TWO_DIGIT_CODES = {
    *map(str, (20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59))),
    *map(str, (*range(60, 67), 81, 82, 84, 86, *range(90, 96), 98)),
}
# So many digits without "+" and without a leading zero may begin with a country code.
_FEWEST_WITHOUT_PLUS = 11
# What is dialled before a foreign number in most countries, North America and Australia.
_ACCESS_CODES = ("00", "011", "0011")
# What is dialled before a number of the same country, where it is not 0.
_TRUNK_CODES = {"7": "8", "36": "06", "370": "8"}
# Italy and the Vatican: the leading zero is part of the number.
_ZERO_IS_KEPT = ("39", "379")


@dataclass(frozen=True, slots=True)
class PastedNumber:
    """A number in what a user typed; `start` and `end` include its label, such as "Tel:"."""

    start: int
    end: int
    label: str
    text: str
    digits: str
    has_plus: bool

    def spellings(self) -> tuple[list[str], list[str]]:
        """The digits with which a stored number may end, and those it may consist of."""
        bare = self.digits.lstrip("0")
        international = self.has_plus or self.digits.startswith("00")
        if international and _is_international(bare):
            numbers, endings = [bare], []
        else:
            numbers, endings = [], [bare]
            if not self.digits.startswith("0") and len(bare) >= _FEWEST_WITHOUT_PLUS:
                numbers.append(bare)
        wholes = []
        if not self.has_plus:
            codes = [code for code in _ACCESS_CODES[1:] if self.digits.startswith(code)]
            numbers += [self.digits.removeprefix(code) for code in codes]
            for code, trunk in _TRUNK_CODES.items():
                if self.digits.startswith(trunk):
                    numbers.append(code + self.digits.removeprefix(trunk))
        for number in filter(_is_international, numbers):
            wholes += _spellings(number)
        return endings, list(dict.fromkeys(wholes))


def find(text: str) -> Iterator[PastedNumber]:
    """All that may be a phone number in what a user typed, in order."""
    for match in _PASTED.finditer(text):
        digits = _all_digits(match["number"])
        label = match["label"] or match["named"] or ""
        is_short = len(digits) < _FEWEST_DIGITS_WITH_LABEL
        yield PastedNumber(
            match.start(),
            match.end("number") if is_short else match.end(),
            label if is_short else "",
            match["number"],
            digits,
            match["plus"] is not None,
        )


def stored_digits(text: str) -> Iterator[str]:
    """The digits of every number in a stored text: of the whole and of its parts."""
    for match in _IN_TEXT.finditer(text):
        parts = [*_TWO_NUMBERS.split(match[0]), *_DIGITS.findall(match[0])]
        for digits in dict.fromkeys(map(_all_digits, [match[0], *parts])):
            if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
                yield digits


def split_country_code(digits: str) -> tuple[str, str]:
    """An international number without "+" as country code and national number.

    >>> split_country_code("49305550199")
    ('49', '305550199')
    """
    if digits.startswith(_ONE_DIGIT_CODES):
        length = 1
    else:
        length = 2 if digits[:2] in _TWO_DIGIT_CODES else 3
    return digits[:length], digits[length:]


def _is_international(digits: str) -> bool:
    national = split_country_code(digits)[1]
    enough = len(national) >= _FEWEST_NATIONAL_DIGITS
    return enough and len(digits) <= _MOST_INTERNATIONAL_DIGITS


def _spellings(number: str) -> Iterator[str]:
    """The ways to write an international number: with and without its country."""
    code, national = split_country_code(number)
    if code not in _ZERO_IS_KEPT:
        # "+49 030 …" says the same as "+49 30 …".
        national = national.removeprefix("0")
    trunk = _TRUNK_CODES.get(code, "0")
    yield code + national
    for access in _ACCESS_CODES[:2]:
        yield access + code + national
    yield code + trunk + national
    yield national
    yield trunk + national


def _all_digits(number: str) -> str:
    """The digits of `number`, without the "(0)" that is dialled only inside the country."""
    zero = _TRUNK_ZERO.search(number)
    if zero:
        before = "".join(_DIGITS.findall(number[: zero.start()])).lstrip("0")
        if not before or split_country_code(before) == (before, ""):
            number = number[: zero.start()] + number[zero.end() :]
    return "".join(_DIGITS.findall(number))
