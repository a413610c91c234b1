"""Which seconds of a call a person has heard, one bit each; told as ranges such as "0-12,40-41".

A range is a first second and the second after the last one.
"""

import re
from collections.abc import Sequence

LONGEST_S = 24 * 3600
MOST_RANGES = 500
_RANGES = re.compile(r"(\d{1,5}-\d{1,5}(,\d{1,5}-\d{1,5})*)?", re.ASCII)


def parse(text: str) -> list[tuple[int, int]]:
    """The ranges in `text`. Raises ValueError for anything else."""
    if not _RANGES.fullmatch(text):
        raise ValueError("not a list of ranges")
    found = [tuple(map(int, part.split("-"))) for part in text.split(",") if part]
    if len(found) > MOST_RANGES or any(start >= end for start, end in found):
        raise ValueError("not a list of ranges")
    return found


def add(bitmap: bytes, ranges: Sequence[tuple[int, int]], length_s: int) -> bytes:
    """`bitmap` with the seconds of `ranges` set, as far as the call is long."""
    bits = int.from_bytes(bitmap, "little")
    for start, end in ranges:
        end = min(end, length_s, LONGEST_S)
        if start < end:
            bits |= ((1 << (end - start)) - 1) << start
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def seconds(bitmap: bytes) -> int:
    return int.from_bytes(bitmap, "little").bit_count()


def text(bitmap: bytes) -> str:
    """The set seconds as ranges."""
    bits = f"{int.from_bytes(bitmap, 'little'):b}"[::-1]
    return ",".join(f"{m.start()}-{m.end()}" for m in re.finditer("1+", bits))
