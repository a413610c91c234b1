"""The end of a recording, fetched ahead for a listener who jumped."""

import logging
import threading

from recordings.kallglot import AudioStream, errors

from .growth import Head
from .http_range import is_strong
from .job import BLOCK_BYTES, Job
from .part import Part
from .store import StorageFailed

log = logging.getLogger(__name__)


def can_be_joined(head: Head) -> bool:
    """Whether parts of the file from two responses may be put together."""
    return head.accepts_ranges and head.total is not None and is_strong(head.vendor_etag or "")


class Tail(threading.Thread):
    """The bytes from `start` to the end of the file, on a thread of their own.

    `end` is where the next byte goes. A vendor that answers the range with everything, or with
    another version of the file, makes no tail: the main stream then brings the bytes in their
    turn.
    """

    def __init__(
        self, job: Job, part: Part, head: Head, start: int, end: int | None = None
    ) -> None:
        super().__init__(name=f"tail-{job.key}", daemon=True)
        self.start_byte = start
        self.end = start if end is None else end
        self.failure: Exception | None = None
        self._job = job
        self._part = part
        self._head = head
        self._under_way = False
        self._stream: AudioStream | None = None

    def abort(self) -> None:
        """Have no more fetched: the fill is over."""
        if self._stream:
            self._stream.abort()

    def takes_over(self, position: int, end: int) -> bool:
        """Whether the main stream, about to write `position` to `end`, may stop at our start."""
        return self._under_way and self.failure is None and position <= self.start_byte <= end

    def run(self) -> None:
        try:
            with self._job.fetch(self.end) as stream:
                if not self._fits(stream):
                    raise errors.BadAnswer(reason="vendor_range")
                self._stream = stream
                self._under_way = True
                while block := stream.read1(BLOCK_BYTES):
                    self.end = self._part.keep_tail(block, self.start_byte, self.end)
            if self.end != self._head.total:
                raise errors.TruncatedAudio
        except (errors.KallglotError, StorageFailed) as error:
            self.failure = error
        except Exception as error:
            log.exception("The tail of %s failed", self._job.key)
            self.failure = error

    def _fits(self, stream: AudioStream) -> bool:
        """Whether the stream is the rest of the very file that the main stream brings.

        Only equal strong validators prove that (RFC 9110 sections 8.8.1 and 15.3.7.3): a weak
        one, a date, or an equal length may belong to two versions.
        """
        return (
            stream.status == 206
            and can_be_joined(self._head)
            and stream.first_byte_position == self.end
            and stream.total_length == self._head.total
            and stream.etag == self._head.vendor_etag
        )
