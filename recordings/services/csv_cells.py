"""CSV that opens in a spreadsheet without coming alive there."""

import csv
import io
from collections.abc import Iterable, Iterator

# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Some look past blanks, and take these for their ASCII twins.
_WIDE_TWINS = str.maketrans("＝＋－＠", "=+-@")  # noqa: RUF001


def cell(value) -> str:
    """`value` as an inert cell: `=1+1` becomes `'=1+1`; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\x00", "")
    shown = text.lstrip(" \xa0").translate(_WIDE_TWINS)
    alive = text.startswith(_FORMULA_STARTS) or shown.startswith(_FORMULA_STARTS)
    return f"'{text}" if alive else text


def lines(rows: Iterable[Iterable]) -> Iterator[str]:
    """Each row as one line of CSV (RFC 4180)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
