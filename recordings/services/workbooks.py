"""The text of spreadsheets and other packed documents, as far as ids are looked for in it.

Workbooks of today (.xlsx, .ods) are ZIP archives of XML. No XML is parsed, so there are no
entities to expand; what is unpacked is limited.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

_ZIP_MARK = b"PK\x03\x04"
_OLD_OFFICE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_UNPACKED_BYTES = 50 * 2**20
_MOST_MEMBERS = 2000
_KINDS = (".xml", ".rels", ".csv", ".tsv", ".txt", ".json")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 0x1
# What `zipfile` raises for archives that are damaged, cut off or of a kind it does not know.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, OSError, RuntimeError, ValueError),
)

# The end of a cell, a shared string, a row or a paragraph; other tags may stand inside a word.
_END_OF_TEXT = re.compile(r"</(?:\w+:)?(?:si|c|v|p|row|table-cell)>")
_TAG = re.compile(r"<[^<>]*>")
_LINK = re.compile(r'\b(?:Target|href)="([^"<>]*)"')
# An underscore that could be taken for an escape (ECMA-376 part 1, section 22.9.2.19).
_UNDERSCORE = "_x005F_"


class WorkbookError(ValueError):
    """The file is a workbook that cannot be read; the message says what to do, for users."""


def unpacked_text(data: bytes) -> str | None:
    """The text of a workbook, document or other ZIP archive; None if `data` is no such file.

    Raises WorkbookError for an old (.xls), encrypted, damaged or very large one.
    """
    if data.startswith(_OLD_OFFICE_MARK):
        raise WorkbookError(
            "This is an old Excel workbook (.xls), or one with a password. Save it as CSV and send "
            "the CSV file."
        )
    if not data.startswith(_ZIP_MARK):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "\n".join(_texts(archive))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        OSError,
        ValueError,
    ) as e:
        if isinstance(e, WorkbookError):
            raise
        raise WorkbookError(
            "This workbook or archive is damaged. Save it as CSV and send the CSV file."
        ) from None


def _texts(archive: zipfile.ZipFile) -> Iterator[str]:
    left = _MOST_UNPACKED_BYTES
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise _too_large()
    for member in members:
        if not member.filename.lower().endswith(_KINDS):
            continue
        if member.flag_bits & _IS_ENCRYPTED:
            raise WorkbookError(
                "This workbook or archive has a password. Save it without one, or as CSV."
            )
        if member.compress_type not in _METHODS:
            raise NotImplementedError
        with archive.open(member) as file:
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise _too_large()
        text = content.decode("utf-8", "replace")
        is_xml = member.filename.lower().endswith((".xml", ".rels"))
        yield _text_of_xml(text) if is_xml else text


def _text_of_xml(xml: str) -> str:
    links = "\n".join(_LINK.findall(xml))
    text = _TAG.sub("", _END_OF_TEXT.sub("\n", xml))
    return f"{text}\n{links}".replace(_UNDERSCORE, "_")


def _too_large() -> WorkbookError:
    return WorkbookError(
        "This workbook or archive is too large when unpacked. Save the sheet with the ids as CSV."
    )
