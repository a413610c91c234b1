"""Ids of sessions and recordings, and how they are found in whatever is pasted."""

import re
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recordings.kallglot.types import RECORDING_ID, SESSION_ID, find_ids


@pytest.mark.parametrize(
    "value", ["sess_1", "sess_01J9ZPXC3V5N6R", "sess_a-B_9", "sess_" + "a" * 64]
)
def test_session_id(value):
    assert SESSION_ID.match(value)
    assert RECORDING_ID.match(value.replace("sess_", "rec_"))


@pytest.mark.parametrize(
    "value",
    ["sess_", "sess_1\n", " sess_1", "sess_" + "a" * 65, "rec_1", "sess_\u00e9", "sess_a/b"],
)
def test_no_session_id(value):
    assert not SESSION_ID.match(value)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        ("nothing here, not sess_ nor recording_1 nor obsess_1", []),
        ("sess_1", ["sess_1"]),
        ("sess_1,rec_2;sess_1\nrec_3\tsess_4.", ["sess_1", "rec_2", "rec_3", "sess_4"]),
        ("https://x.test/v1/sessions/sess_1/recordings?after=rec_2&x", ["sess_1", "rec_2"]),
        ("?id%3Dsess_1%26rec%3drec_2", ["sess_1", "rec_2"]),
        ('attachment; filename="recording-sess_1.mp3"', ["sess_1"]),
        ('{"session_id":"sess_1","data":["rec_2"]}', ["sess_1", "rec_2"]),
        (r"line one\nsess_1\trec_2", ["sess_1", "rec_2"]),
        ("trn_sess_1", ["sess_1"]),
        ("<b>sess_1</b>(rec_2)", ["sess_1", "rec_2"]),
        ("sess_" + "a" * 64, ["sess_" + "a" * 64]),
        ("sess_" + "a" * 65, []),
        ("sess_" + "a" * 65 + "-rec_1 rec_2", ["rec_1", "rec_2"]),
        ("sess_1\u00e9", ["sess_1"]),
        ("SESS_1", []),
        # Names that the portal and Kallglot give to files, copies of them included.
        ("2026-11-30_1114_sess_HELP77Q2M_mixed.mp3", ["sess_HELP77Q2M"]),
        ("2026-11-30_1114_sess_HELP77Q2M_mixed-2.mp3", ["sess_HELP77Q2M"]),
        ("2026-11-30_1114_sess_HELP77Q2M_agent (1).wav", ["sess_HELP77Q2M"]),
        ("2026-11-30_1114_sess_a_b_transcript_both.vtt", ["sess_a_b"]),
        ("2026-11-30_1114_sess_1_mixed_rec_2.mp3", ["sess_1", "rec_2"]),
        ("recording-sess_1.mp3 recording-rec_2-sess_3", ["sess_1", "rec_2", "sess_3"]),
        ("rec_known_mixed", ["rec_known_mixed"]),
        # Marks around it.
        (
            "_sess_1_ __sess_2__ sess_3-- **rec_4** --sess_5-->",
            [*(f"sess_{n}" for n in "123"), "rec_4", "sess_5"],
        ),
        (r"sess\_1 rec\_2\_a sess%5F3", ["sess_1", "rec_2_a", "sess_3"]),
        ("\u202asess_\u200b1\u00ad2\u202c \ufeffrec_3", ["sess_12", "rec_3"]),
        ("ｓｅｓｓ＿１２", ["sess_12"]),  # noqa: RUF001
        ("Sess_1 Rec_2", ["sess_1", "rec_2"]),
        ("sess_ sess__ sess_--", []),
    ],
)
def test_find_ids(text, ids):
    assert find_ids(text) == ids


BODY = string.ascii_letters + string.digits
AROUND = " \t\n.,;:!?\"'`´()[]{}<>*~|/\\&=#@$^+\u00a0\u200b\u202a\u202c\u2060\ufeff„“«»…—ß"  # noqa: RUF001


@settings(max_examples=300)
@given(
    kind=st.sampled_from(["sess", "rec"]),
    body=st.text(BODY + "_-", min_size=1, max_size=40),
    last=st.sampled_from(BODY),
    before=st.text(f"{AROUND}_-", max_size=6),
    after=st.sampled_from(["", "_", "--", "__"]),
    then=st.text(AROUND, max_size=6),
    is_file=st.booleans(),
    escape=st.sampled_from(["_", "\\_", "%5F", "\u200b_", "_\u2060"]),
)
def test_whatever_stands_around_an_id_it_is_found(
    kind, body, last, before, after, then, is_file, escape
):
    """Exactly that id: nothing of it is lost, and nothing of what hangs on is taken for it."""
    kallglot_id = f"{kind}_{body}{last}"
    assume(
        not re.search(r"(sess|rec)_|_(mixed|agent|customer|both|original|translation)", body + last)
    )
    name = "_mixed.mp3" if is_file and kind == "sess" else ""
    written = f"{kallglot_id.replace('_', escape)}{name or after}"

    assert find_ids(f"{before}{written}{then}") == [kallglot_id]


def test_find_ids_in_a_long_text():
    assert len(find_ids(" ".join(f"sess_{n}" for n in range(100_000)))) == 100_000
    assert find_ids("sess_" * 400_000) == find_ids("sess_" + "_" * 400_000) == []
