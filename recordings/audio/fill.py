"""One download of one recording into the store, on a thread of its own.

A listener who leaves stops nothing, and a hundred listeners cost the vendor one request. The
main stream writes from the beginning. Once, a listener who jumps far ahead may have a tail
fetched from there on with a ranged request; the main stream then stops where the tail begins, so
that no byte is fetched twice. The file is put in its place only when every byte is there.
"""

import contextlib
import hashlib
import logging
import os
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from recordings.kallglot import AudioStream, errors

from . import playable
from .facts import Facts, write_facts
from .files import open_file, remove
from .growth import Growth, Head
from .job import BLOCK_BYTES, Job
from .judge import judge
from .part import Part
from .player_form import is_settled, judged_bytes, why_unplayable
from .progress import Phase
from .sniff import SNIFF_BYTES, AudioType, sniff
from .store import StorageFailed, Store, storage_faults
from .tail import Tail, can_be_joined
from .types import declared_type, settle
from .wishes import Attendant

log = logging.getLogger(__name__)


LONG_WAIT_S = 1.0
"""A wait for a byte longer than this is worth a ranged request to the vendor."""
RATE_KNOWN_AFTER_S = 0.2
_FULL = "it has reached its limit, and all files in it are in use"


class Fill(threading.Thread):
    """Downloads `job` into `store`; `fd` is the store's claim on the part file.

    `growth` tells how far it has got. `on_end` is called last, from this thread.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        fd: int,
        *,
        on_end: Callable[["Fill"], None] = lambda fill: None,
    ) -> None:
        super().__init__(name=f"fill-{job.key}", daemon=True)
        self.key = job.key
        self.job = job
        self.growth = Growth()
        self._store = store
        self._entry = store.entry(job.key)
        self._fd = fd
        self._on_end = on_end
        self._part = Part(self._entry, fd, self.growth)
        self._tail: Tail | None = None
        self._attendant: Attendant | None = None
        self._kind: AudioType | None = None
        self._began_at, self._began_with = 0.0, 0
        self._deciding = threading.Lock()
        self._over = False

    def prepare(self) -> None:
        """Do what can be done before the vendor responds, on the thread that started this one."""
        self._part.prepare()

    def run(self) -> None:
        failure: Exception | None = None
        try:
            self._download()
        except (errors.KallglotError, StorageFailed) as error:
            failure = error
        except Exception as error:  # a fault of ours must not leave listeners waiting for ever
            log.exception("The fill of %s failed", self.key)
            failure = error
        finally:
            try:
                self._release()
            finally:
                # Whatever became of the folder, nobody is left waiting.
                self.growth.end(failure)
                self.growth.close()
                self._on_end(self)

    # -- the course of a download ----------------------------------------------------------

    def _download(self) -> None:
        if not self._store.quota.has_room(self.job.size or 0):
            raise StorageFailed(_FULL)
        with self.job.fetch(None) as stream:
            head = self._begin(stream)
            end = self._copy(stream, head)
        if self._tail and end < head.total:
            end = self._finish_tail(head)
        if head.total is not None and end != head.total:
            raise errors.TruncatedAudio
        self._part.reached(Phase.COMPLETE)
        self.growth.finish()
        self._seal(head, end)
        self._part.reached(Phase.ENDED)

    def _begin(self, stream: AudioStream) -> Head:
        """Read until the kind of audio is certain, then let readers in."""
        first, kind = _first_bytes(stream, self.job)
        if kind is None or (not first and self.job.size):
            raise errors.BadAnswer(
                reason="vendor_not_audio", status=stream.status, request_id=stream.request_id
            )
        self._kind = kind
        head = Head(
            total=stream.total_length,
            mime=kind.mime,
            extension=kind.extension,
            settled=judge(self.key, True, is_settled, first, kind, stream.total_length),
            unplayable=judge(self.key, "", why_unplayable, first, kind, stream.total_length),
            accepts_ranges=stream.accepts_ranges,
            vendor_etag=stream.etag,
        )
        self._part.begin(head, first)
        return head

    def _copy(self, stream: AudioStream, head: Head) -> int:
        """Write the main stream until its end, or until a tail begins; the end of what is there."""
        position = self.growth.available
        self._began_at, self._began_with = time.monotonic(), position
        self.growth.on_wish = self._consider
        if can_be_joined(head):
            self._attend_to_wishes()
        while block := stream.read1(BLOCK_BYTES):
            tail = self._tail
            if tail and tail.takes_over(position, position + len(block)):
                # What lies beyond is fetched by the tail; this connection is closed.
                return self._part.append(block[: tail.start_byte - position], position)
            position = self._part.append(block, position)
            if tail is None:
                self._consider(self._part.wish())
        return position

    def _seal(self, head: Head, size: int) -> None:
        """Put the whole file in its place, with the facts that its bytes tell."""
        with storage_faults():
            os.fsync(self._fd)
            if not self._store.quota.make_room(size):
                # Who reads it already has every byte, and reads on.
                raise StorageFailed(_FULL)
            write_facts(self._entry.facts, self._facts(head, size))
            self._entry.part.rename(self._entry.audio)
            _sync_folder(self._entry.folder)
        self._store.checks.remember(self.key, os.fstat(self._fd))

    def _facts(self, head: Head, size: int) -> Facts:
        with open(self._fd, "rb", closefd=False) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            unknown = playable.AudioFacts(size, self._kind)
            told = judge(self.key, unknown, playable.facts, file, self._kind)
            exact = judge(self.key, None, playable.exact_form, file, self._kind)
        facts = Facts(
            size=size,
            sha256=digest,
            mime=head.mime,
            extension=head.extension,
            codec=told.codec,
            duration_s=told.duration_s,
        )
        # Playbacks that began with the vendor's bytes go on with them.
        since = time.time() if head.settled else None
        if exact:
            _write(self._entry.exact_head, exact.prefix)
            facts = replace(
                facts,
                exact_offset=exact.source_offset,
                exact_end=exact.source_end,
                exact_crc=zlib.crc32(exact.prefix),
                exact_since=since,
            )
        if isinstance(told.playable, playable.Playable):
            return replace(facts.with_player_form(told.playable), form_since=since)
        if isinstance(told.playable, playable.Unplayable):
            return replace(facts, unplayable=told.playable.reason)
        return facts

    def _release(self) -> None:
        """Take away the part and the progress; after a success only the progress is left."""
        with self._deciding:
            self._over = True
        if self._attendant:
            self._attendant.end()
        self._part.close()
        if self._tail:
            self._tail.abort()
        for path in self._entry.of_the_fill:
            with contextlib.suppress(OSError):
                path.unlink()
        # Readers hold copies of another descriptor, so closing this one ends the claim.
        self._store.give_up(self.key, self._fd)

    # -- the tail --------------------------------------------------------------------------

    def _attend_to_wishes(self) -> None:
        """Hear of wishes in other processes at once, not only when the next block comes."""
        self._attendant = Attendant(self._entry.wishes, lambda: self._consider(self._part.wish()))
        # Without a thread to be had they are looked at after each block all the same.
        with contextlib.suppress(RuntimeError):
            self._attendant.start()

    def _consider(self, wished: int | None) -> None:
        """Fetch ahead for the listener who jumped, if the wait would be long; once at most.

        Called by the listener's own thread, and after each block for wishes that had to wait or
        came from another process.
        """
        head, elapsed = self.growth.head, time.monotonic() - self._began_at
        # The first moments say nothing about the line: buffers on the way empty at once.
        if wished is None or elapsed <= RATE_KNOWN_AFTER_S:
            return
        with self._deciding:
            if self._over or self._tail or not can_be_joined(head):
                return
            position = self.growth.available
            rate = (position - self._began_with) / elapsed
            if position < wished < head.total and (wished - position) / max(rate, 1) > LONG_WAIT_S:
                tail = Tail(self.job, self._part, head, wished)
                tail.start()
                self._tail = tail
            else:
                self._part.decline_wish()

    def _finish_tail(self, head: Head) -> int:
        """Wait for the tail; if it broke, ask once more for what it did not bring."""
        tail = self._tail
        tail.join()
        if tail.failure and tail.end < head.total:
            self._tail = tail = Tail(self.job, self._part, head, tail.start_byte, tail.end)
            tail.run()
            if tail.failure:
                raise tail.failure
        self._part.arrived(tail.end)
        return tail.end


def _first_bytes(stream: AudioStream, job: Job) -> tuple[bytes, AudioType | None]:
    """As few bytes as tell the kind of audio and whether a player can have it as it is."""
    first = b""
    while block := stream.read1(BLOCK_BYTES):
        first += block
        kind = judge(job.key, None, sniff, first)
        if kind is None and len(first) >= SNIFF_BYTES:
            kind = _settled_kind(first, stream, job)
            if kind is None:
                return first, None
        if kind and len(first) >= judge(job.key, 0, judged_bytes, kind, first):
            return first, kind
    return first, _settled_kind(first, stream, job)


def _settled_kind(first: bytes, stream: AudioStream, job: Job) -> AudioType | None:
    declared = declared_type(stream.content_type, job.format)
    return judge(job.key, declared, settle, first, stream.content_type, job.format)


def _write(path: Path, content: bytes) -> None:
    remove(path)
    with open(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(content)


def _sync_folder(folder) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
