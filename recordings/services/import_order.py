"""In which order an import asks for its ids: calls with the least time left first.

Kallglot deletes recordings some time after their call, so of calls that are still there the oldest
have the least time left. Kallglot's ids look like ULIDs, whose first ten characters are the time at
which they were made (https://github.com/ulid/spec). That is not documented, so an id that cannot be
read this way keeps its place in the file.
"""

import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from recordings.models import Recording

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MADE_AT = re.compile(r"(?:sess|rec)_([0-7][0-9A-HJKMNP-TV-Z]{9})[0-9A-HJKMNP-TV-Z]{3,16}")
# Before that there was no Kallglot; what reads as earlier or later is no time.
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
# The longest retention of a plan with an end (docs/kallglot-api.md), while none is known here.
_LONGEST_RETENTION = timedelta(days=90)
_SAMPLE = 1000


def by_time_left(ids: list[str]) -> list[str]:
    """Sort `ids`: the oldest that Kallglot should still keep first, then ids without a time in
    their order, then those that have probably expired, the newest first.
    """
    now = timezone.now()
    expired_before = now - _longest_retention()
    timed = {kallglot_id: made_at(kallglot_id) for kallglot_id in ids}

    def place(kallglot_id: str) -> tuple[int, float]:
        moment = timed[kallglot_id]
        if moment is None or moment > now + timedelta(days=1):
            return 1, 0
        if moment < expired_before:
            return 2, -moment.timestamp()
        return 0, moment.timestamp()

    return sorted(ids, key=place)


def made_at(kallglot_id: str) -> datetime | None:
    """When an id was made, as far as it tells."""
    found = _MADE_AT.fullmatch(kallglot_id)
    if found is None:
        return None
    milliseconds = 0
    for character in found[1]:
        milliseconds = milliseconds * 32 + _ALPHABET.index(character)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    return moment if moment >= _EARLIEST else None


def _longest_retention() -> timedelta:
    """The longest lifetime among the recordings that became known last."""
    known = Recording.objects.exclude(expires_at=None).exclude(created_at=None).order_by("-pk")
    moments = known.values_list("created_at", "expires_at")[:_SAMPLE]
    lifetimes = [expires - created for created, expires in moments]
    return max(lifetimes, default=_LONGEST_RETENTION)
