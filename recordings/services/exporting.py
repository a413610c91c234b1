"""Many calls at once: as a table (`calls_table`), or as a ZIP that the worker makes (`zipping`).

How often and how much is limited by role. The trail has a row for each export and for everything
in a ZIP; the calls of a table stand in its `Export`.
"""

import contextlib
import os
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from recordings import permissions
from recordings.audio.files import open_file
from recordings.audio.files import remove as remove_path
from recordings.models import (
    AuditAction,
    AuditEvent,
    AuditOutcome,
    Export,
    ExportKind,
    ExportState,
    Lease,
    Recording,
    Session,
)

from . import accesses, audit

MOST_AN_HOUR = 20
# Calls in one ZIP, and in one table.
MOST_CALLS = {ExportKind.ZIP: 200, ExportKind.CSV: 10_000}
MOST_CALLS_OF_ADMINISTRATORS = {ExportKind.ZIP: 1000, ExportKind.CSV: 100_000}
KEPT_FOR = timedelta(hours=24)
LEASE = "exporting"
"""The lease of the worker that makes ZIPs."""
_HOUR = timedelta(hours=1)


class TooOften(Exception):  # noqa: N818  (it says what is the case)
    """This person has made as many exports as one may in an hour; `wait_s` is for how long."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"{MOST_AN_HOUR} exports within an hour")
        self.wait_s = wait_s


class TooMany(Exception):  # noqa: N818  (it says what is the case)
    """More calls than this person's role may have in one export; `most` is how many it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} calls")
        self.most = most


class NothingChosen(Exception):  # noqa: N818  (it says what is the case)
    """None of the calls asked for exists for this person."""


def most_calls(user, kind: ExportKind) -> int:
    administers = user.has_perm(permissions.ADMINISTER)
    return (MOST_CALLS_OF_ADMINISTRATORS if administers else MOST_CALLS)[kind]


def create(user, kind: ExportKind, sessions, address: str, **choice) -> Export:
    """Note that `user` wants `sessions`, a queryset of calls that this person may see.

    choice: `channels` and `transcript_text` of a ZIP. Raises TooMany, TooOften or NothingChosen.
    """
    most = most_calls(user, kind)
    numbers = list(sessions.values_list("pk", flat=True)[: most + 1])
    if not numbers:
        raise NothingChosen
    if len(numbers) > most:
        raise TooMany(most)
    now = timezone.now()
    with transaction.atomic():
        # One request of a person after the other, so that each counts those before it.
        get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
        lately = Export.objects.filter(user=user, created_at__gt=now - _HOUR)
        begun = list(lately.order_by("-created_at").values_list("created_at", flat=True))
        if len(begun) >= MOST_AN_HOUR:
            raise TooOften(int((begun[MOST_AN_HOUR - 1] + _HOUR - now).total_seconds()) + 1)
        export = Export.objects.create(
            user=user, kind=kind, session_ids=numbers, address=address, **choice
        )
        if kind == ExportKind.CSV:
            # Made while it is sent, so it is done before its first byte leaves.
            Export.objects.filter(pk=export.pk).update(state=ExportState.READY, ready_at=now)
            audit.record_export(user, f"{kind} {export.pk}", address)
    return export


# -- the file of a ZIP -------------------------------------------------------------------------


def folder() -> Path:
    """Beside the audio; the audio's store passes names with a dot by."""
    return settings.AUDIO_DIR / ".exports"


def path(export: Export) -> Path:
    return folder() / f"{export.pk}.zip"


def open_zip(export: Export) -> BinaryIO:
    """The ZIP, open for reading; the caller closes it. Raises FileNotFoundError."""
    return open(open_file(path(export)), "rb")


def part(export: Export, holder: str) -> Path:
    """Where the holder of the lease lets the ZIP grow: who has lost it writes to another file."""
    return folder() / f"{export.pk}.zip.{_part_suffix(holder)}"


def _part_suffix(holder: str) -> str:
    return f"{holder.rpartition(':')[2]}.part"


def may_be_sent(export: Export) -> bool:
    """Whether the ZIP is there, and its person may still have everything in it."""
    if not _is_current(export):
        return False
    held = Session.objects.visible_to(export.user).filter(pk__in=export.held_session_ids)
    return held.count() == len(export.held_session_ids)


def _is_current(export: Export) -> bool:
    """Whether it is ready, not past its time, and nothing in it was deleted by Kallglot."""
    if export.kind != ExportKind.ZIP or export.state != ExportState.READY:
        return False
    if export.user_id is None or export.remove_at is None or export.remove_at <= timezone.now():
        return False
    kept = Recording.objects.filter(pk__in=export.recording_ids)
    fit = [recording for recording in kept if recording.state.may_have_audio]
    return len(fit) == len(export.recording_ids)


class NoRoom(Exception):  # noqa: N818  (it says what is the case)
    """The ZIP would be larger than EXPORTS_MAX_BYTES, with every other one removed."""


def make_room(size: int) -> None:
    """Remove finished ZIPs, the oldest first, until `size` bytes more fit into the limit.

    A download that is under way gets all of its file. Raises NoRoom.
    """
    most = settings.EXPORTS_MAX_BYTES
    if not most or _used_bytes() + size <= most:
        return
    finished = Export.objects.filter(kind=ExportKind.ZIP, state=ExportState.READY)
    for export in finished.order_by("ready_at", "pk"):
        remove(export)
        if _used_bytes() + size <= most:
            return
    raise NoRoom


def _used_bytes() -> int:
    used = 0
    for entry in os.scandir(folder()):
        # One may be removed at this moment.
        with contextlib.suppress(FileNotFoundError):
            used += entry.stat(follow_symlinks=False).st_size
    return used


def remove(export: Export) -> None:
    remove_path(path(export))
    Export.objects.filter(pk=export.pk, state=ExportState.READY).update(
        state=ExportState.REMOVED, removed_at=timezone.now()
    )


def remove_old() -> int:
    """Delete ZIPs whose time is over, and files that belong to none; how many."""
    removed, failure = 0, None
    for export in Export.objects.filter(kind=ExportKind.ZIP, state=ExportState.READY):
        if _is_current(export):
            continue
        try:
            remove(export)
        except OSError as error:
            failure = error
        else:
            removed += 1
    if failure:
        raise failure
    if not folder().is_dir():
        return removed
    for entry in list(os.scandir(folder())):
        if not _is_wanted(entry.name):
            remove_path(Path(entry.path))
            removed += 1
    return removed


def _is_wanted(name: str) -> bool:
    """Whether a file of this name is a ZIP still to be had, or grows in the hands of a worker."""
    number = name.split(".")[0]
    alive = (ExportState.WAITING, ExportState.RUNNING, ExportState.READY)
    if not number.isdigit() or not Export.objects.filter(pk=number, state__in=alive).exists():
        return False
    if not name.endswith(".part"):
        return True
    holder = Lease.objects.filter(name=LEASE).values_list("holder", flat=True).first()
    return bool(holder) and name.endswith(_part_suffix(holder))


def note_download(export: Export, user, address: str, *, again: bool) -> None:
    """Make sure that this download of the ZIP has its row in the audit trail.

    again: the request asks for a later part of the file, so it may continue a download that was
    recorded within `accesses.ONE_PLAYBACK`. Raises `django.db.Error` when the row cannot be
    written: then no byte may be sent.
    """
    reason = f"zip {export.pk}"
    if again and _is_downloading(user, reason):
        return
    with transaction.atomic():
        audit.lock_chain()
        # A download manager asks for several parts at once; they are one download.
        if again and _is_downloading(user, reason):
            return
        audit.record_export(user, reason, address, action=AuditAction.DOWNLOAD)


def _is_downloading(user, reason: str) -> bool:
    since = timezone.now() - accesses.ONE_PLAYBACK
    downloads = AuditEvent.objects.filter(user=user, at__gt=since, reason=reason)
    return downloads.filter(action=AuditAction.DOWNLOAD, outcome=AuditOutcome.DONE).exists()
