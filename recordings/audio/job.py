"""What a fill is asked to fetch."""

from collections.abc import Callable
from dataclasses import dataclass

from recordings.kallglot import AudioStream

BLOCK_BYTES = 256 * 1024
"""How much is read from the vendor at once, at most; less when less has arrived."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to fetch, and what the vendor's metadata says of it.

    key: names these very bytes for ever, and their folder in the store.
    fetch: opens the vendor's stream, from the given byte on with a ranged request or, for None,
        from the beginning.
    format, size: the vendor's metadata, such as "wav" and bytes; hints that are often wrong.
    """

    key: str
    fetch: Callable[[int | None], AudioStream]
    format: str = ""
    size: int | None = None
