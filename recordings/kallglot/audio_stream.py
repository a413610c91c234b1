"""One audio answer while its bytes arrive: the head is judged first, then every block."""

import re
from types import TracebackType

import requests

from . import answers, errors
from .pacing import CallClock
from .transport import BODY_FAULTS

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.ASCII)
_NOT_AUDIO = ("text/html", "application/json", "application/problem+json")


class AudioStream:
    """The bytes of a recording, as soon as they arrive. Made by `Client.open_audio`.

    status: 200 (everything, also when a range was asked for) or 206 (the range asked for).
    content_type: lower-case, without parameters; None when missing. A hint: sniff the bytes.
    content_length: bytes of this body, None when the vendor does not tell.
    total_length: bytes of the whole recording, None when not told.
    first_byte_position: where this body begins in the recording.
    accepts_ranges: the vendor announced `Accept-Ranges: bytes`.
    etag, last_modified, request_id: as sent, None when missing or not plain text.

    Use it as a context manager, in one thread; only `abort` may be called from another.
    """

    def __init__(
        self,
        response: requests.Response,
        clock: CallClock,
        *,
        start: int | None,
        end: int | None,
        cap_bytes: int,
        request_id: str | None,
    ) -> None:
        headers = response.headers
        self.status = response.status_code
        self.content_type = _media_type(headers.get("Content-Type"))
        self.content_length = answers.content_length(response)
        self.total_length = self.content_length
        self.first_byte_position = 0
        self.accepts_ranges = headers.get("Accept-Ranges", "").strip().lower() == "bytes"
        self.etag = _plain(headers.get("ETag"))
        self.last_modified = _plain(headers.get("Last-Modified"))
        self.request_id = request_id
        self._response = response
        self._clock = clock
        self._cap_bytes = cap_bytes
        self._declared = self.content_length
        self._received = 0
        self._ended = False
        self._failure: errors.KallglotError | None = None
        self._judge_head(headers, start, end)
        clock.expected_bytes = self._declared or 0

    def __enter__(self) -> "AudioStream":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def read1(self, n: int = 65_536) -> bytes:
        """Return up to `n` bytes as soon as any are there; b"" only after the verified last one.

        Raises TruncatedAudio, Stalled or TooLarge. What was returned before must be thrown away
        then. A failed stream fails again with the same error.
        """
        if n < 1:
            raise ValueError("n must be at least 1")
        if self._failure is None and self._clock.aborted and not self._ended:
            self._failure = errors.TruncatedAudio("The transfer was aborted.", reason="aborted")
        if self._failure is not None:
            raise self._failure
        if self._ended:
            return b""
        block, failure = b"", None
        try:
            block = self._response.raw.read1(n) or b""
        except errors.KallglotError as fault:
            failure = fault.with_traceback(None)
        except BODY_FAULTS:
            failure = errors.TruncatedAudio()
        failure = failure or self._judge_block(block)
        if failure is not None:
            failure.status, failure.request_id = self.status, self.request_id
            failure.__cause__ = failure.__context__ = None
            self._failure = failure
            self.close()
            raise failure
        return block

    def close(self) -> None:
        """Give the connection back when the body was read to its end, else close it."""
        if not self._ended and self._failure is None:
            self._failure = errors.TruncatedAudio("The stream was closed.", reason="closed")
        self._response.close()

    def abort(self) -> None:
        """From any thread: make the read that is waiting, and all later ones, fail at once."""
        self._clock.abort()

    def _judge_head(self, headers, start: int | None, end: int | None) -> None:
        """Raise BadAnswer or TooLarge when this cannot be the audio that was asked for."""
        if self.content_type in _NOT_AUDIO:
            raise self._bad("vendor_not_audio")
        # Encoded bytes are refused, not decoded: nobody packs MP3, and a bomb would be one.
        if headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise self._bad("vendor_encoding")
        if self.status == 206:
            self._judge_range(headers.get("Content-Range", ""), start, end)
        if self._declared is not None and self._declared > self._cap_bytes:
            raise errors.TooLarge(status=self.status, request_id=self.request_id)

    def _judge_range(self, content_range: str, start: int | None, end: int | None) -> None:
        match = _CONTENT_RANGE.fullmatch(content_range.strip())
        if match is None:
            raise self._bad("vendor_range")
        first, last = int(match[1]), int(match[2])
        total = None if match[3] == "*" else int(match[3])
        length = last - first + 1
        asked_last = end
        if total is not None:
            asked_last = total - 1 if end is None else min(end, total - 1)
        elif start is None:
            raise self._bad("vendor_range")  # all was asked for: it must be provably all
        if first != (start or 0) or length < 1 or asked_last not in (None, last):
            raise self._bad("vendor_range")
        if self.content_length not in (None, length):
            raise self._bad("vendor_range")
        self.first_byte_position, self.total_length, self._declared = first, total, length

    def _judge_block(self, block: bytes) -> errors.KallglotError | None:
        self._received += len(block)
        if self._received > self._cap_bytes:
            return errors.TooLarge()
        if self._declared is not None and self._received > self._declared:
            return errors.TruncatedAudio()
        if not block:
            if self._declared not in (None, self._received) or self._clock.surplus:
                return errors.TruncatedAudio()
            self._ended = True
        return None

    def _bad(self, reason: str) -> errors.BadAnswer:
        return errors.BadAnswer(reason=reason, status=self.status, request_id=self.request_id)


def _media_type(value: str | None) -> str | None:
    return _plain((value or "").partition(";")[0].strip().lower()) or None


def _plain(value: str | None) -> str | None:
    """The value if it may be passed on in a header of ours; a folded one has line breaks."""
    fits = value is not None and len(value) <= 256 and value.isascii() and value.isprintable()
    return value if fits else None
