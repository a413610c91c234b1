"""Whatever was said, the files stay well-formed and do nothing."""

import csv
import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.models import Session, Transcript, Turn
from recordings.services import transcript_files
from tests.conftest import CALL

from .subtitles import cues, vtt_cues

PATH = f"/sessions/{CALL}/transcript"
KINDS = tuple(transcript_files.KINDS)
HOSTILE = [
    "a --> b",
    "<script>alert(1)</script> & <b>so</b>",
    "one\n\ntwo\r\n\r\n3\n00:00:01,000 --> 00:00:02,000\nthree",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    'quotes "inside", commas; and\nbreaks',
    "{\\an8}{\\p1}m 0 0",
    "\x1b[2J\u2028WEBVTT\n\nNOTE",
    "‮override\u202c עברית",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(text, clients, keep):
    keep([(text, text, 1.0, 1.0), ("after", "", 2.0, 3.0)])
    files = {kind: clients["lead"].get(f"{PATH}.{kind}").content.decode() for kind in KINDS}

    assert len(vtt_cues(files["vtt"])) == 2
    assert len(cues(files["srt"], ",")) == 2
    assert not re.search(r"[<>]|\{\\", files["srt"].replace("-->", ""))
    assert len(files["txt"].splitlines()) == 6
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", files["txt"] + files["vtt"] + files["srt"])
    rows = list(csv.DictReader(io.StringIO(files["csv"].removeprefix("\ufeff"), newline="")))
    assert len(rows) == 2
    assert rows[0]["original"].replace("'=", "=").removeprefix("'") == text
    assert not rows[0]["original"].lstrip().startswith(("=", "+", "-", "@"))
    assert json.loads(files["json"])["turns"][0]["original"] == text


times = st.none() | st.floats(0, 400_000, allow_nan=False)
words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(turns=st.lists(st.tuples(words, words, words, times, times), max_size=6))
def test_any_transcript_makes_well_formed_files(turns):
    session = Session(kallglot_id=CALL)
    transcript = Transcript(pk=1, session=session)
    made = [
        Turn(position=n, speaker=who, text=a, translation=b, start=start, end=end)
        for n, (who, a, b, start, end) in enumerate(turns, 1)
    ]
    transcript._prefetched_objects_cache = {"turns": Turns(made)}

    for text in transcript_files.Text:
        files = {
            kind: transcript_files.write(kind, session, transcript, text).decode() for kind in KINDS
        }
        assert len(vtt_cues(files["vtt"])) == len(cues(files["srt"], ","))
        rows = list(csv.reader(io.StringIO(files["csv"].removeprefix("\ufeff"), newline="")))
        assert len(rows) == len(turns) + 1
        assert len(json.loads(files["json"])["turns"]) == len(turns)


class Turns(list):
    """Turns that were looked up already."""

    def all(self):
        return self
