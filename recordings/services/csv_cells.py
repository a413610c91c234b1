"""CSV that opens in a spreadsheet without coming alive there."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

# A spreadsheet takes a cell that begins like this for a formula; some take wide forms as well.
_FORMULA_STARTS = frozenset("=+-@＝＋－＠﹦﹢﹣﹫")  # noqa: RUF001
_MAY_BE_ALIVE = re.compile(f"[{''.join(map(re.escape, sorted(_FORMULA_STARTS)))}]")
# Where a spreadsheet may begin a new cell inside a text: many expect ";" or tabs between cells.
_CELL_ENDS = re.compile("([;\t\n\v\f\r\x85\u2028\u2029])")
_NEEDS_QUOTES = re.compile(f'{_CELL_ENDS.pattern}|[,"]')
# Letters and symbols that show nothing: fillers of Korean syllables, the empty Braille pattern.
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"
_INVISIBLE_CATEGORIES = ("Z", "C", "M")  # blanks, controls and marks (Unicode, section 4.5)


def cell(value) -> str:
    """`value` as an inert cell: `=1+1` becomes `'=1+1`; numbers stay numbers.

    The same goes for what a spreadsheet may take for a cell of its own: `a;=1+1` becomes
    `a;'=1+1`.
    """
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\x00", "")
    if not _MAY_BE_ALIVE.search(text):
        return text
    first, *others = _CELL_ENDS.split(text)
    # Quotes that open a cell are not part of it.
    return _inert(first) + "".join(_inert(part, skipped='"') for part in others)


def lines(rows: Iterable[Iterable]) -> Iterator[str]:
    """Each row as one line of CSV (RFC 4180)."""
    for row in rows:
        yield ",".join(_quoted(cell(value)) for value in row) + "\r\n"


def _inert(text: str, skipped: str = "") -> str:
    shown = (c for c in text if c not in skipped and not _is_invisible(c))
    return f"'{text}" if next(shown, "") in _FORMULA_STARTS else text


def _is_invisible(character: str) -> bool:
    if character in _FILLERS:
        return True
    return unicodedata.category(character).startswith(_INVISIBLE_CATEGORIES)


def _quoted(text: str) -> str:
    if not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'
