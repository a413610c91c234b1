"""Pages of a list by cursor, as the vendor's general description has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recordings.simulator.calls import Recording

DEFAULT_LIMIT, MAX_LIMIT = 20, 100


def page_of(
    recordings: Sequence[Recording], parameter: Callable[[str], str | None]
) -> tuple[Sequence[Recording], bool]:
    """The page that `limit`, `starting_after` and `ending_before` ask for, and whether more follow.

    An unknown id is ignored, which gives the first page again.
    """
    given = parameter("limit") or ""
    limit = min(max(int(given), 1), MAX_LIMIT) if given.isdigit() else DEFAULT_LIMIT
    ids = [item.id for item in recordings]
    after, before = parameter("starting_after"), parameter("ending_before")
    if before in ids:
        end = ids.index(before)
        return recordings[max(0, end - limit) : end], end > limit
    start = ids.index(after) + 1 if after in ids else 0
    return recordings[start : start + limit], start + limit < len(recordings)
