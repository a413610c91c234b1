"""The vendor's reading of the `Range` header, for when ranges are switched on."""

from __future__ import annotations

import re


class Unsatisfiable(Exception):  # noqa: N818  # the name of the condition in the standard
    """The range lies outside the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return `(start, stop)`, or None where the header is to be ignored.

    One range only; several, another unit or nonsense are ignored, which means 200.
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return int(first), min(int(last) + 1, size) if last else size
