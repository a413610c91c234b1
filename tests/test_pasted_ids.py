"""Ids as users paste them: our own file names, links, marks around them, and workbooks."""

import io
import zipfile
from pathlib import Path

import pytest

from recordings.models import ImportItem, Session
from recordings.services import pasted_ids, searching, workbooks
from recordings.simulator import make_call, noise
from tests.conftest import CALL
from tests.factories import make_session
from tests.test_imports import send
from tests.test_open_calls import alerts, open_calls

PASTED = [
    f"2026-11-30_1114_{CALL}_mixed.mp3",
    f"2026-11-30_1114_{CALL}_mixed (1).mp3",
    f"2026-11-30_1114_{CALL}_agent-2.wav",
    f"2026-11-30_1114_{CALL}_transcript_both.vtt",
    f"2026-11-30_1114_{CALL}_mixed_rec_known_mixed.mp3",
    f"recording-{CALL}.mp3",
    "recording-rec_known_agent.mp3",
    f"https://portal.example.com/sessions/{CALL}/?t=21.2&to=30&channel=customer",
    f"[the call](https://portal.example.com/sessions/{CALL}/)",
    f"Session: {CALL}",
    f"Session ID: {CALL}.",
    f'"{CALL}"',
    f"<{CALL}>",
    f"_{CALL}_",
    f"__{CALL}__",
    f"**{CALL}**",
    f"{CALL}--",
    CALL.replace("_", "\\_"),
    CALL.replace("_", "%5F"),
    f"\u202a{CALL}\u202c",
    CALL.replace("_", "\u200b_"),
    CALL.capitalize(),
]


def test_however_an_id_is_pasted_the_box_leads_to_its_call(clients, vendor):
    for text in PASTED:
        Session.objects.all().delete()
        vendor.requests.clear()

        answer = open_calls(clients["reviewer"], text)

        assert (answer.status_code, answer.headers.get("Location")) == (
            302,
            f"/sessions/{CALL}/",
        ), text
        # The session and its list; a recording is asked for its session first.
        assert vendor.requests.count() <= 3, text


def test_however_an_id_is_pasted_the_search_finds_its_call(clients, call):
    searching.index(call)
    searching.index(make_session("sess_other", metadata={"file": "mixed.mp3 transcript"}))

    for text in PASTED:
        found = searching.matching(Session.objects.all(), text)

        assert [session.kallglot_id for session in found] == [CALL], text


def test_words_beside_a_pasted_id_still_count(db):
    searching.index(make_session("sess_01HX", metadata={"subject": "parcel"}))

    def finds(text):
        return searching.matching(Session.objects.all(), text).exists()

    assert finds("parcel recording-sess_01HX.mp3")
    assert finds("Session: sess_01HX, parcel")
    assert finds("sess_01H")
    for text in ("letter recording-sess_01HX.mp3", "sess_01HX letter", "sess_01H_mixed.mp3"):
        assert not finds(text), text


@pytest.mark.parametrize("kallglot_id", ["sess_ends_", "sess_ends--", "sess_a_mixed"])
def test_an_id_that_looks_like_one_with_something_behind_is_opened(kallglot_id, clients, vendor):
    vendor.add_call(make_call(kallglot_id, {"mixed": noise(100)}))

    for requests in (4, 0):  # the bare id is asked for as well; then the portal knows better
        vendor.requests.clear()
        answer = open_calls(clients["reviewer"], kallglot_id)

        assert answer.headers["Location"] == f"/sessions/{kallglot_id}/"
        assert vendor.requests.count() <= requests


def test_an_unknown_id_is_named_without_what_hangs_on(clients, vendor):
    answer = open_calls(clients["reviewer"], "2026-11-30_1114_sess_nobody_mixed.mp3")

    assert answer.status_code == 404
    assert alerts(answer) == ["sess_nobody Kallglot does not know this id."]


def test_several_ids_of_one_call_lead_to_its_room(clients, vendor):
    answer = open_calls(clients["reviewer"], f"{CALL}_mixed.mp3 rec_known_agent rec_known_customer")

    assert answer.headers["Location"] == f"/sessions/{CALL}/"


def archive(members, **kind):
    """The bytes of a ZIP with `members`, names and texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **{"compression": zipfile.ZIP_DEFLATED, **kind}) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


EXCEL = {
    "[Content_Types].xml": "<Types/>",
    "xl/sharedStrings.xml": "<sst><si><t>sess_a</t></si><si><t>1</t></si>"
    "<si><r><t>sess_x005F_</t></r><r><rPr><b/></rPr><t>b</t></r></si></sst>",
    "xl/worksheets/sheet1.xml": '<worksheet><c t="inlineStr"><is><t>sess_c</t></is></c>'
    "<c><v>1</v></c><c><f>A1</f><v>2</v></c></worksheet>",
    "xl/worksheets/_rels/sheet1.xml.rels": '<Relationship Target="https://x.test/sess_d/"/>',
    "xl/media/image1.png": "sess_no",
}
OPEN_DOCUMENT = {
    "content.xml": "<table:table-cell><text:p>sess_a</text:p></table:table-cell>"
    "<table:table-cell><text:p>sess_<text:span>b</text:span></text:p></table:table-cell><text:p>"
    '<text:a xlink:href="https://x.test/sess_c">1</text:a></text:p><text:p>sess_d</text:p>',
}


@pytest.mark.parametrize(
    "members",
    [EXCEL, OPEN_DOCUMENT, {"ids.csv": "id\nsess_a\nsess_b\nsess_c\nsess_d\n"}],
    ids=["Excel", "OpenDocument", "CSV in a ZIP"],
)
def test_ids_are_read_from_workbooks(members):
    found = {one.id for one in pasted_ids.in_file(archive(members))}

    assert found == {"sess_a", "sess_b", "sess_c", "sess_d"}


def test_a_workbook_can_be_imported(clients, vendor):
    ids = [f"sess_{number}" for number in range(50)]
    strings = "".join(f"<si><t>{kallglot_id}</t></si>" for kallglot_id in ids)
    data = archive({"xl/sharedStrings.xml": f"<sst>{strings}</sst>"})

    answer = send(clients["reviewer"], file=data, name="ids.xlsx")

    assert answer.headers["Location"].startswith("/imports/")
    assert list(ImportItem.objects.order_by("pk").values_list("kallglot_id", flat=True)) == ids


def with_password(data):
    """The same archive with the mark of an encrypted member."""
    place = data.index(b"PK\x01\x02") + 8
    return data[:place] + b"\x01" + data[place + 1 :]


BOMB = archive({"xl/sharedStrings.xml": b"\0" * (workbooks._MOST_UNPACKED_BYTES + 1)})


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 sess_a", "old Excel workbook (.xls), or one with a"),
        (archive(EXCEL)[:300], "damaged"),
        (archive(EXCEL).replace(b"xl/sharedStrings", b"xl/sharedStrinks", 1), "damaged"),
        (with_password(archive(EXCEL)), "has a password"),
        (archive(EXCEL, compression=zipfile.ZIP_LZMA), "damaged"),
        (BOMB, "too large when unpacked"),
        (archive({f"{number}.xml": "" for number in range(2001)}), "too large when unpacked"),
        (archive({"xl/worksheets/sheet1.bin": "sess_a"}), "There is no Kallglot id in this file."),
    ],
    ids=["xls", "cut", "names differ", "password", "LZMA", "bomb", "many members", "xlsb"],
)
def test_a_workbook_that_cannot_be_read_says_what_to_do(data, sentence, clients, vendor):
    answer = send(clients["reviewer"], file=data, name="ids.xlsx")

    assert answer.status_code == 422
    assert sentence in answer.text
    assert vendor.requests.count() == 0


@pytest.mark.parametrize(("name", "count"), [("spreadsheet.csv", 180), ("workbook.xlsx", 50)])
def test_every_id_of_an_exported_list_is_found_once(name, count):
    """Lists as German spreadsheets write them: a BOM, semicolons, quoted cells."""
    found = pasted_ids.in_file((Path(__file__).parent / "data" / name).read_bytes())

    assert len({one.id for one in found}) == len(pasted_ids.unique(found)) == count
