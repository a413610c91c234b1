"""A recording's file as an answer: the documented three headers, and what can be switched."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from recordings.simulator.byte_range import parse_range
from recordings.simulator.calls import Call, Recording
from recordings.simulator.messages import Answer, Request
from recordings.simulator.options import Options
from recordings.simulator.sources import Source


def file_answer(
    request: Request, recording: Recording, call: Call, file: Source, options: Options
) -> Answer:
    """200 with the whole file, or 206 and 304 where they are switched on.

    Raises `Unsatisfiable` for a range outside the file.
    """
    is_mp3 = recording.format == "mp3" or file is recording.as_mp3
    answer = Answer(200, [("Content-Type", "audio/mpeg" if is_mp3 else "audio/wav")], body=file)
    if (disposition := _disposition(call, options.disposition)) is not None:
        answer.with_header("Content-Disposition", disposition)
    if options.validators == "date":
        answer.with_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
    elif options.validators != "off":
        version = recording.id.encode() + b"".join(file.blocks(0, min(64, file.size)))
        weak = "W/" if options.validators == "weak" else ""
        tag = f'{weak}"{hashlib.sha256(version).hexdigest()[:16]}"'
        answer.with_header("ETag", tag)
        if request.headers.get("if-none-match") == tag:
            return Answer(304, [("ETag", tag)])
    if options.range:
        answer.with_header("Accept-Ranges", "bytes")
        part = parse_range(request.headers.get("range", ""), file.size)
        if part is not None:
            start, stop = part
            answer.with_header("Content-Range", f"bytes {start}-{stop - 1}/{file.size}")
            answer = replace(answer, status=206, start=start, stop=stop)
    return answer


def _disposition(call: Call, kind: str) -> str | None:
    """The `Content-Disposition` of each kind of `Options.disposition`."""
    return {
        # The same name for all three channels, and .mp3 even for WAV: as documented.
        "seed": f'attachment; filename="recording-{call.id}.mp3"',
        "missing": None,
        # RFC 6266, with a name encoded as in RFC 5987.
        "rfc5987": f"attachment; filename*=UTF-8''r%C3%A9cording-{call.id}.mp3",
        "path": f'attachment; filename="../../etc/{call.id}.html"',
    }[kind]
