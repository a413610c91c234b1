"""The worker's part of an export: a ZIP of recordings with a manifest.

The files are stored as they are: audio does not get smaller. The ZIP grows under a name of its
worker's own and is put in its place when it is whole. A worker that is killed begins the ZIP anew;
what it had fetched is in the store.
"""

import contextlib
import hashlib
import itertools
import logging
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recordings import file_names, permissions
from recordings.audio.files import open_file
from recordings.audio.source import WholeFile
from recordings.audio.store import StorageFailed
from recordings.kallglot import errors
from recordings.models import (
    Export,
    ExportKind,
    ExportState,
    Lease,
    Recording,
    Session,
    Transcript,
)

from . import audit, csv_cells, exporting, listening, schedule, transcript_files, work_round

log = logging.getLogger(__name__)

# Kallglot may ask for pauses; an export that gets nothing at all for this long is given up.
_PATIENCE_S = 1800.0
_LONGEST_SLEEP_S = 20.0
# A recording that alone cannot be reached, or that ends the worker, is left out after so many.
_MAX_TRIES = 3
_MAX_KILLS = 2
_SILENT = "no recordings"
_UNREADABLE = "The portal failed on this file; its log says why."
_UNFINISHED = (ExportState.WAITING, ExportState.RUNNING)
_MANIFEST = ("file", "session", "channel", "recording", "bytes", "sha256", "left_out_because")


class _Abandoned(Exception):  # noqa: N818
    """The export is not wanted any more, or another worker has it."""


class _Failed(Exception):  # noqa: N818
    """The export cannot be made; the argument is the word for why."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the manifest."""

    session: str
    channel: str = ""
    recording: str = ""
    file: str = ""
    size: int | str = ""
    sha256: str = ""
    left_out: str = ""

    def cells(self) -> tuple:
        return (
            *(self.file, self.session, self.channel, self.recording),
            *(self.size, self.sha256, self.left_out),
        )


class _Exports(work_round.Round[Export]):
    """Every ZIP that was asked for and is not there, the oldest first."""

    name = exporting.LEASE
    # Of a ZIP with several files that end the worker, each one takes _MAX_KILLS.
    max_attempts = 10

    def next_item(self, resting: QuerySet) -> Export | None:
        asked_for = Export.objects.filter(kind=ExportKind.ZIP, state__in=_UNFINISHED)
        return asked_for.exclude(pk__in=resting).order_by("pk").select_related("user").first()

    def work(self, export: Export, lease: Lease) -> None:
        try:
            _Zip(export, lease).make()
        except _Abandoned:
            pass
        except (_Failed, StorageFailed, OSError, EOFError) as error:
            reason = str(error) if isinstance(error, _Failed) else "storage"
            log.warning("Export %s could not be made: %s", export.pk, reason)
            if lease.prolong():
                _fail(export, reason)
        finally:
            # A folder that cannot be used is often why; pruning tries again.
            with contextlib.suppress(OSError):
                exporting.part(export, lease.holder).unlink()

    def give_up(self, export: Export) -> None:
        _fail(export, work_round.GIVEN_UP)


_ROUND = _Exports()


def make_waiting() -> float | None:
    """Make every ZIP that was asked for; see `Round.run` for what is returned."""
    return _ROUND.run()


def _fail(export: Export, reason: str) -> None:
    mine = Export.objects.filter(pk=export.pk, state__in=_UNFINISHED)
    mine.update(state=ExportState.FAILED, reason=reason)


class _Zip:
    """One ZIP in the making."""

    def __init__(self, export: Export, lease: Lease) -> None:
        self._export = export
        self._lease = lease
        self._lines: list[_Line] = []
        self._contained: list[Recording] = []
        self._transcripts_of: list[Session] = []
        self._names: set[str] = set()
        self._done = 0

    def make(self) -> None:
        export = self._export
        if export.user is None or not export.user.has_perm(permissions.EXPORT):
            raise _Failed("not_allowed")
        visible = Session.objects.visible_to(export.user).filter(pk__in=export.session_ids)
        sessions = list(visible.order_by("sort_at", "pk"))
        chosen = Recording.objects.filter(session__in=visible).of_channels(export.channels)
        total = chosen.count() + (len(sessions) if export.transcript_text else 0)
        self._update(state=ExportState.RUNNING, done=0, total=total)
        exporting.folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        part = exporting.part(export, self._lease.holder)
        fd = open_file(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        with open(fd, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for session in sessions:
                    self._add_call(archive, session)
                manifest = "".join(csv_cells.lines([_MANIFEST, *self._cells()]))
                archive.writestr(_info("manifest.csv", None), manifest)
            file.flush()
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        self._finish(part, size)

    def _add_call(self, archive: zipfile.ZipFile, session: Session) -> None:
        wanted = session.recordings.of_channels(self._export.channels).in_order()
        if not wanted:
            why = "no recording of these channels" if session.recordings.exists() else _SILENT
            self._lines.append(_Line(session.kallglot_id, left_out=why))
        for recording in wanted:
            recording.session = session
            self._add_recording(archive, recording)
            self._count()
        if self._export.transcript_text:
            self._add_transcript(archive, session)
            self._count()

    def _add_recording(self, archive: zipfile.ZipFile, recording: Recording) -> None:
        about = {
            "session": recording.session.kallglot_id,
            "channel": recording.channel,
            "recording": recording.kallglot_id,
        }
        try:
            source, sha256 = self._fetch(recording)
        except listening.NotPlayable as error:
            self._lines.append(_Line(**about, left_out=error.state.label))
            return
        except errors.KallglotError as error:
            self._lines.append(_Line(**about, left_out=error.reason))
            return
        except (_Abandoned, _Failed, StorageFailed):
            raise
        except Exception:
            log.exception("%s is left out of export %s", recording.kallglot_id, self._export.pk)
            self._lines.append(_Line(**about, left_out=_UNREADABLE))
            return
        try:
            name = self._unused(f"{file_names.download_stem(recording)}.{source.extension}")
            info = _info(name, recording.session.begun_at)
            info.file_size = size = source.length
            self._make_room(size)
            with archive.open(info, "w", force_zip64=size >= 2**31) as entry:
                for block in source.blocks(0, size):
                    entry.write(block)
                    self._hold_on()
        finally:
            source.close()
        self._contained.append(recording)
        self._lines.append(_Line(**about, file=name, size=size, sha256=sha256))

    def _make_room(self, size: int) -> None:
        try:
            exporting.make_room(size)
        except exporting.NoRoom:
            raise _Failed("exports_full") from None

    def _fetch(self, recording: Recording) -> tuple[WholeFile, str]:
        """The whole file and its digest; waits while Kallglot asks for a pause."""
        patience_ends = time.monotonic() + _PATIENCE_S
        for tries in itertools.count(1):
            try:
                with work_round.counted(f"zip {self._export.pk}", recording.pk) as attempt:
                    if attempt > _MAX_KILLS:
                        raise RuntimeError("ended the worker at each attempt")
                    return self._read(recording)
            except schedule.RETRY_LATER as error:
                if time.monotonic() > patience_ends:
                    raise _Failed(error.reason) from None
                if tries >= _MAX_TRIES and not schedule.concerns_all(error):
                    raise
                self._sleep(min(schedule.wait_after(error), _LONGEST_SLEEP_S))
        raise AssertionError

    def _read(self, recording: Recording) -> tuple[WholeFile, str]:
        """Read it once before it goes in: nothing can be taken out of a ZIP again.

        A kept file that the disk has damaged since its last check is fetched again.
        """
        source, digest = self._hashed(recording)
        if digest != source.facts.sha256:
            log.error("The kept audio of %s is damaged, so it is fetched again", recording)
            source.close()
            listening.forget(recording)
            source, digest = self._hashed(recording)
        return source, digest

    def _hashed(self, recording: Recording) -> tuple[WholeFile, str]:
        with self._lease.kept():
            source = listening.fetch(recording)
        digest = hashlib.sha256()
        try:
            for block in source.blocks(0, source.length):
                digest.update(block)
                self._hold_on()
        except BaseException:
            source.close()
            raise
        return source, digest.hexdigest()

    def _add_transcript(self, archive: zipfile.ZipFile, session: Session) -> None:
        about = {"session": session.kallglot_id, "channel": "transcript"}
        try:
            files = list(_transcript_files(session, self._export.transcript_text))
        except Exception:
            log.exception("A transcript is left out of export %s", self._export.pk)
            self._lines.append(_Line(**about, left_out=_UNREADABLE))
            return
        if not files:
            self._lines.append(_Line(**about, left_out="no transcript"))
            return
        self._transcripts_of.append(session)
        for name, content in files:
            name = self._unused(name)
            self._make_room(len(content))
            archive.writestr(_info(name, session.begun_at), content)
            digest = hashlib.sha256(content).hexdigest()
            self._lines.append(_Line(**about, file=name, size=len(content), sha256=digest))

    def _finish(self, part: Path, size: int) -> None:
        """Put the ZIP in its place and say so; the trail's rows come with the word `ready`."""
        export, now = self._export, timezone.now()
        heard = {recording.session_id for recording in self._contained}
        ends = [r.expires_at for r in self._contained if r.expires_at]
        self._hold_on()
        with transaction.atomic():
            self._update(
                state=ExportState.READY,
                size=size,
                done=self._done,
                recording_ids=[recording.pk for recording in self._contained],
                held_session_ids=sorted(heard | {call.pk for call in self._transcripts_of}),
                left_out=[line.cells() for line in self._lines if line.left_out],
                ready_at=now,
                remove_at=min([now + exporting.KEPT_FOR, *ends]),
            )
            audit.record_export(
                *(export.user, f"zip {export.pk}", export.address),
                recordings=self._contained,
                transcripts_of=[call for call in self._transcripts_of if call.pk not in heard],
            )
            # Last of all: where another worker's is ready already, it stays in its place.
            part.rename(exporting.path(export))

    def _cells(self) -> list[tuple]:
        return [line.cells() for line in self._lines]

    def _unused(self, name: str) -> str:
        """`name`, or one like it where two would be one on a disk that ignores letter case."""
        stem, dot, extension = name.rpartition(".")
        number = 1
        while name.casefold() in self._names:
            number += 1
            name = f"{stem}-{number}{dot}{extension}"
        self._names.add(name.casefold())
        return name

    def _count(self) -> None:
        self._done += 1
        self._hold_on()
        self._update(done=self._done)

    def _update(self, **values) -> None:
        # An export whose account was deleted meanwhile has no owner and is not finished.
        mine = Export.objects.filter(pk=self._export.pk, user=self._export.user)
        if not mine.filter(state__in=_UNFINISHED).update(**values):
            raise _Abandoned

    def _hold_on(self) -> None:
        if not self._lease.prolong():
            raise _Abandoned

    def _sleep(self, seconds: float) -> None:
        self._hold_on()
        time.sleep(seconds)
        self._update(state=ExportState.RUNNING)


def _info(name: str, moment: datetime | None) -> zipfile.ZipInfo:
    # A ZIP has no times before 1980.
    moment = moment if moment and moment.year > 1980 else timezone.now()
    info = zipfile.ZipInfo(name, file_names.file_time(moment).timetuple()[:6])
    info.external_attr = 0o600 << 16
    return info


def _transcript_files(session: Session, text: str) -> Iterator[tuple[str, bytes]]:
    """The transcript for reading and as subtitles: names and contents; none while there is none."""
    transcript = Transcript.objects.filter(session=session).first()
    if transcript is None or not transcript.turns.exists():
        return
    for kind in ("txt", "vtt"):
        name = file_names.transcript_name(session, text, kind)
        content = transcript_files.write(kind, session, transcript, transcript_files.Text(text))
        yield name, content
