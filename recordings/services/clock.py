"""Seconds of a call as people type and read them: 83.5 or 1:23.5."""

import re

# Two digits after a colon count to sixty; what comes first may be any number.
_TYPED = re.compile(
    r"(?:(?:(?P<hours>\d{1,4}):(?=\d\d?:))?(?P<minutes>\d{1,6}):(?=\d\d?(?:[.,]|$)))?"
    r"(?P<seconds>\d{1,9}(?:[.,]\d{1,9})?)",
    re.ASCII,
)


def parse(text: str) -> float:
    """Seconds, to a thousandth, from "83.5", "1:23.5" or "1:02:03".

    Raises ValueError for anything else, such as 1:75, -3, nan or 1e3.
    """
    typed = _TYPED.fullmatch(text.strip())
    if typed is None:
        raise ValueError("not a time")
    hours, minutes = int(typed["hours"] or 0), int(typed["minutes"] or 0)
    seconds = float(typed["seconds"].replace(",", "."))
    if (typed["minutes"] and seconds >= 60) or (typed["hours"] and minutes >= 60):
        raise ValueError("more than sixty")
    return round(hours * 3600 + minutes * 60 + seconds, 3)


def exact(seconds: float) -> str:
    """As it can be typed again: 83.5 -> 1:23.5, 3725 -> 1:02:05."""
    whole = int(seconds)
    fraction = f"{seconds - whole:.3f}"[1:].rstrip("0").rstrip(".")
    return f"{shown(whole)}{fraction}"


def shown(seconds: float) -> str:
    """The second that is running then, as a player shows it: 83.9 -> 1:23."""
    minutes, secs = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def plain(seconds: float) -> str:
    """As a number for addresses and scripts: 12.3, 12."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
