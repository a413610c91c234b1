"""Answers that break off on purpose, since an error status would end a playback for good.

Chromium gives up at the first error status within seconds, although a minute may be buffered; a
connection that breaks is tried again for half a minute.
"""

import errno
from collections.abc import Iterator

from django.http import StreamingHttpResponse

from recordings.audio.http_range import evaluate


def playback(request, length: int | None, cap: int) -> StreamingHttpResponse | None:
    """A head without a byte, for a range in mid-play; None if the request asks for no such range.

    length: that of the audio in bytes, None if it is not known. cap: the bytes that an
    open-ended range gets.
    """
    if length is None or request.method != "GET" or "Range" not in request.headers:
        return None
    asked = {"Range": request.headers["Range"]}
    decision = evaluate("GET", asked, etag='"unknown"', length=length, open_ended_cap=cap)
    if decision.status != 206 or decision.start == 0:
        return None
    del decision.headers["ETag"]
    headers = {
        **decision.headers,
        "Content-Type": "application/octet-stream",
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(_nothing(), status=206, headers=headers)


def break_off() -> OSError:
    """What makes the server close the connection in mid-answer, and say no more about it.

    gunicorn takes it for a visitor who left; anything else would be a stack trace in its log for
    each of a browser's thirty tries.
    """
    return BrokenPipeError(errno.EPIPE, "the answer is broken off on purpose")


def _nothing() -> Iterator[bytes]:
    # The head must be out before the connection breaks, or the server would put an error page
    # in its place.
    yield b""
    raise break_off()
