"""Ids in what users paste and send: found in texts and files, and opened as calls."""

import codecs
from collections.abc import Iterable
from dataclasses import replace

from recordings.kallglot import errors, types
from recordings.kallglot.types import FoundId
from recordings.models import Recording, Session

from . import sync, workbooks

_AT_ONCE = 1000


def in_text(text: str) -> list[FoundId]:
    """All session and recording ids in `text`, each once."""
    return unique(types.ids_in(types.plain(text)))


def in_file(data: bytes) -> list[FoundId]:
    """All ids in a file: text of any format and encoding, or a workbook.

    Raises `workbooks.WorkbookError`.
    """
    text = workbooks.unpacked_text(data)
    return in_text(_decoded(data) if text is None else text)


def unique(found: Iterable[FoundId]) -> list[FoundId]:
    """`found` without doubles, in order."""
    kept: dict[str, FoundId] = {}
    for one in found:
        kept.setdefault(one.id, one)
    return list(kept.values())


def prefer_known(found: list[FoundId], user=None) -> list[FoundId]:
    """`found`, with the id as it is written wherever `user` sees a call or recording of it.

    user: None sees all.
    """
    unsure = [one.written for one in found if one.written != one.id]
    sessions = Session.objects.all() if user is None else Session.objects.visible_to(user)
    known = set()
    for begin in range(0, len(unsure), _AT_ONCE):
        some = {"kallglot_id__in": unsure[begin : begin + _AT_ONCE]}
        recordings = Recording.objects.filter(session__in=sessions)
        for ids in (sessions, recordings):
            known.update(ids.filter(**some).values_list("kallglot_id", flat=True))
    return unique(replace(one, id=one.written) if one.written in known else one for one in found)


def open_call(found: FoundId, user) -> Session:
    """`sync.open_call` for a pasted id; what hangs on to it counts where the bare id is unknown."""
    try:
        return sync.open_call(found.id, user)
    except errors.NotFound:
        if found.written == found.id:
            raise
        return sync.open_call(found.written, user)


def _decoded(data: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    # Ids are ASCII, which looks the same in UTF-8 and Latin-1, and in an unmarked UTF-16 once the
    # zero bytes between are gone.
    return data.replace(b"\x00", b"").decode("utf-8", "replace")
