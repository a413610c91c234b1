"""A transcript as a file: plain text, subtitles (WebVTT, SubRip), table (CSV) and JSON.

What was said is text in each of them and never their markup: line breaks become spaces where a
blank line would end a subtitle, and what a player or a spreadsheet would act on is escaped.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest

from django.db.models import TextChoices

from recordings import file_names
from recordings.models import Session, Transcript, Turn

from . import clock, csv_cells


class Text(TextChoices):
    """Which words of a turn go into a file."""

    ORIGINAL = "original", "Original"
    TRANSLATION = "translation", "Translation"
    BOTH = "both", "Both"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what it is called for people, its media type, and how it is made."""

    label: str
    content_type: str
    write: Callable[[Session, Transcript, Text], str]


@dataclass(frozen=True, slots=True)
class _Cue:
    """One turn as a subtitle; seconds from the call's start."""

    start: float
    end: float
    turn: Turn


_SHORTEST_CUE_S = 0.5
_UNTIMED_CUE_S = 2.0
# What starts neither a line nor a word of its own: line ends, tabs, escapes for terminals.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def write(kind: str, session: Session, transcript: Transcript, text: Text) -> bytes:
    """The file of a `kind` out of KINDS, in UTF-8."""
    return KINDS[kind].write(session, transcript, text).encode()


def _as_text(session: Session, transcript: Transcript, text: Text) -> str:
    lines = [f"Transcript of {session.kallglot_id}"]
    if session.begun_at:
        begun = file_names.file_time(session.begun_at)
        lines.append(f"Call of {begun:%Y-%m-%d %H:%M} ({begun:%Z})")
    if transcript.approximate:
        lines.append("Times are right to about a second.")
    lines.append("")
    for turn in transcript.turns.all():
        first, *others = _lines(turn, text) or [None]
        if first is None:
            continue
        when = "" if turn.start is None else f"[{clock.shown(turn.start)}] "
        lines.append(f"{when}{speaker(turn)}{_in(first[0])}: {first[1]}")
        lines += [f"    {_in(language).strip()} {words}".rstrip() for language, words in others]
    return "\n".join(lines) + "\n"


def _as_vtt(session: Session, transcript: Transcript, text: Text) -> str:
    blocks = ["WEBVTT"]
    if transcript.approximate:
        blocks.append("NOTE Times are right to about a second.")
    for number, cue in enumerate(_cues(transcript, text), 1):
        lines = []
        for language, words in _lines(cue.turn, text):
            words = _vtt_escaped(words)
            if _LANGUAGE.fullmatch(language):
                words = f"<lang {language}>{words}</lang>"
            lines.append(words)
        lines[0] = f"<v {_vtt_escaped(speaker(cue.turn))}>{lines[0]}"
        times = f"{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}"
        blocks.append("\n".join([str(number), times, *lines]))
    return "\n\n".join(blocks) + "\n"


def _as_srt(session: Session, transcript: Transcript, text: Text) -> str:
    blocks = []
    for number, cue in enumerate(_cues(transcript, text), 1):
        lines = [_srt_safe(words) for _, words in _lines(cue.turn, text)]
        lines[0] = f"{_srt_safe(speaker(cue.turn))}: {lines[0]}"
        times = f"{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}"
        blocks.append("\n".join([str(number), times, *lines]) + "\n")
    return "\n".join(blocks)


def _as_csv(session: Session, transcript: Transcript, text: Text) -> str:
    columns = ["number", "start_s", "end_s", "speaker"]
    if text != Text.TRANSLATION:
        columns += ["language", "original"]
    if text != Text.ORIGINAL:
        columns += ["translation_language", "translation"]
    rows = ([_facts(turn)[name] for name in columns] for turn in transcript.turns.all())
    # Without the mark, spreadsheets take UTF-8 for something else and spoil every accent.
    return "\ufeff" + "".join(csv_cells.lines([columns, *rows]))


def _as_json(session: Session, transcript: Transcript, text: Text) -> str:
    left_out = {
        Text.ORIGINAL: {"translation", "translation_language"},
        Text.TRANSLATION: {"original", "language"},
        Text.BOTH: set(),
    }[text]
    answer = {
        "session_id": session.kallglot_id,
        "started_at": session.begun_at.isoformat() if session.begun_at else None,
        "duration_s": session.length,
        "languages": transcript.languages,
        "complete": transcript.complete,
        "approximate_times": transcript.approximate,
        "turns": [
            {name: value for name, value in _facts(turn).items() if name not in left_out}
            for turn in transcript.turns.all()
        ],
    }
    return json.dumps(answer, ensure_ascii=False, indent=1) + "\n"


KINDS = {
    "txt": Kind("Text", "text/plain; charset=utf-8", _as_text),
    "vtt": Kind("WebVTT", "text/vtt; charset=utf-8", _as_vtt),
    "srt": Kind("SubRip", "application/x-subrip; charset=utf-8", _as_srt),
    "csv": Kind("CSV", "text/csv; charset=utf-8", _as_csv),
    "json": Kind("JSON", "application/json", _as_json),
}


def speaker(turn: Turn) -> str:
    """Who speaks, for people: "Agent"; "Unknown" where Kallglot does not tell."""
    name = _on_one_line(turn.speaker)
    return name[:1].upper() + name[1:] or "Unknown"


def _facts(turn: Turn) -> dict:
    return {
        "number": turn.position,
        "start_s": turn.start,
        "end_s": turn.end,
        "speaker": turn.speaker or None,
        "language": turn.language or None,
        "original": turn.text,
        "translation_language": turn.translation_language or None,
        "translation": turn.translation or None,
    }


def _lines(turn: Turn, text: Text) -> list[tuple[str, str]]:
    """The words wanted of one turn, each on one line, with their languages; none may be there."""
    lines = []
    if text != Text.TRANSLATION:
        lines.append((turn.language, _on_one_line(turn.text)))
    if text != Text.ORIGINAL:
        lines.append((turn.translation_language, _on_one_line(turn.translation)))
    return [(language, words) for language, words in lines if words]


def _cues(transcript: Transcript, text: Text) -> Iterator[_Cue]:
    """The turns that have words, by time. One without a time comes right after the one before.

    A cue has to last (WebVTT section 3.1), so one without length gets a little. Where the times
    are whole seconds, several turns of one second share the time until the next second that has a
    turn, so that each can be read and none covers the others.
    """
    cues, end = [], 0.0
    for turn in transcript.turns.all():
        if turn.start is None:
            start, end = end, end + _UNTIMED_CUE_S
        else:
            start = turn.start
            end = max(turn.end or 0.0, start + _SHORTEST_CUE_S)
        if _lines(turn, text):
            cues.append(_Cue(start, end, turn))
    cues.sort(key=lambda cue: cue.start)
    yield from _shared_out(cues) if transcript.approximate else cues


def _shared_out(cues: list[_Cue]) -> Iterator[_Cue]:
    """`cues` by time, each until the next one begins; those that begin together one by one."""
    groups = [list(group) for _, group in groupby(cues, key=lambda cue: cue.start)]
    nexts = [group[0].start for group in groups[1:]]
    for group, following in zip_longest(groups, nexts):
        start = group[0].start
        end = following
        if end is None:
            longest = max(cue.end for cue in group)
            end = max(longest, start + len(group) * _SHORTEST_CUE_S)
        each = (end - start) / len(group)
        for place, cue in enumerate(group):
            yield _Cue(start + place * each, start + (place + 1) * each, cue.turn)


def _stamp(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{secs:02}{point}{thousandths:03}"


def _in(language: str) -> str:
    language = _on_one_line(language)
    return f" ({language})" if language else ""


def _on_one_line(text: str) -> str:
    return " ".join(_CONTROLS.sub(" ", text).split())


def _vtt_escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _srt_safe(text: str) -> str:
    """SubRip has markup but no escape for it, so what players act on is replaced by a likeness."""
    for markup, likeness in (("-->", "→"), ("<", "\u2039"), (">", "\u203a"), ("{\\", "{ \\")):
        text = text.replace(markup, likeness)
    return text
