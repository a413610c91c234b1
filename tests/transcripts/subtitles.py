"""Subtitle files, read as strictly as their formats are written down."""

import itertools
import re


def seconds(stamp):
    hours, minutes, rest = re.split(":", stamp.replace(",", "."))
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def cues(text, point):
    """The subtitles of a file, by the rules of its format; fails for anything else in it."""
    stamp = rf"\d\d+:[0-5]\d:[0-5]\d{re.escape(point)}\d{{3}}"
    found = []
    for number, block in enumerate(re.split(r"\n\n+", text.strip("\n")) if text else [], 1):
        head, times, *lines = block.split("\n")
        assert head == str(number)
        start, end = re.fullmatch(f"({stamp}) --> ({stamp})", times).groups()
        assert lines
        assert all(line.strip() and "-->" not in line for line in lines)
        assert seconds(start) < seconds(end)
        found.append((seconds(start), seconds(end), lines))
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(found))
    return found


def vtt_cues(text):
    assert text.startswith("WEBVTT\n\n") or text == "WEBVTT\n"
    body = re.sub(r"^NOTE [^\n]*\n\n", "", text.removeprefix("WEBVTT\n").lstrip("\n"))
    found = cues(body, ".")
    for _, _, lines in found:
        for line in lines:
            bare = re.sub(r"</?lang[^<>&]*>|<v [^<>]*>", "", line)
            assert not re.search(r"[<>]", bare)
            assert not re.search(r"&(?!amp;|lt;|gt;)", bare)
    return found
