"""The client: one typed method per endpoint the portal uses."""

from collections.abc import Sequence

import requests

from . import parsing
from .audio_stream import AudioStream
from .errors import BadAnswer, NotFound
from .gate import AlwaysOpen, Gate
from .limits import Limits
from .pacing import CallClock
from .redirects import Routes
from .transport import Transport
from .types import CHANNELS, RECORDING_ID, SESSION_ID, Recording, RecordingList, Session, Transcript

DEFAULT_BASE_URL = "https://api.kallglot.com/v1"


class Client:
    """Reads sessions, recordings, transcripts and audio. Safe to share between threads.

    api_key: kept on this side; sent to the origin of `base_url` only.
    base_url: https, or plain http on a loopback host; with the API's version.
    media_hosts: "host" or "host:port" an audio redirect may lead to (https, without the key).
    gate: asked before every call; None to make every call.
    ca_file: certificate authorities (PEM) to trust instead of the bundled ones.

    Raises ValueError for a bad setting, naming it but never showing the key. Every method raises
    ValueError for a malformed id, before any call, and otherwise only `errors.KallglotError`.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = DEFAULT_BASE_URL,
        media_hosts: Sequence[str] = (),
        limits: Limits | None = None,
        gate: Gate | None = None,
        *,
        ca_file: str | None = None,
    ) -> None:
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise ValueError("api_key must be printable ASCII without spaces")
        self._limits = limits or Limits()
        self._transport = Transport(
            api_key,
            Routes(base_url, tuple(media_hosts)),
            self._limits,
            gate or AlwaysOpen(),
            ca_file,
        )

    def __repr__(self) -> str:
        return f"<Client: {self._transport!r}>"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections. Streams that are open stay usable."""
        self._transport.close()

    def session(self, session_id: str) -> Session:
        """GET /sessions/{id}."""
        answer = self._transport.get_json(f"/sessions/{_checked(SESSION_ID, session_id)}")
        return parsing.session(answer, session_id)

    def recordings(self, session_id: str, channel: str | None = None) -> RecordingList:
        """GET /sessions/{id}/recordings, all pages.

        channel: "mixed", "agent" or "customer"; also applied here, as not every generation of
        the vendor's API knows the parameter.

        The first page is asked for without a cursor, as the list is documented without one. A
        server that ignores cursors would repeat itself for ever, so paging ends with the first
        page that brings nothing new. One that does not say whether there is more may refuse the
        cursor (400, 404 or 422): then what was listed so far is all.
        """
        path = f"/sessions/{_checked(SESSION_ID, session_id)}/recordings"
        if channel is not None and channel not in CHANNELS:
            raise ValueError(f"channel must be one of {', '.join(CHANNELS)}")
        found: dict[str, Recording] = {}
        skipped, cursor, is_sure = 0, None, True
        for _ in range(self._limits.list_pages):
            options = {"channel": channel, "starting_after": cursor}
            query = "&".join(f"{name}={value}" for name, value in options.items() if value)
            try:
                answer = self._transport.get_json(path, f"?{query}" if query else "")
            except (BadAnswer, NotFound) as error:
                if is_sure or error.status not in (400, 404, 422):
                    raise
                break
            entries, more = parsing.recording_page(answer, session_id)
            known = len(found)
            usable = []
            for entry in entries:
                recording = parsing.listed_recording(entry, session_id)
                if recording is not None:
                    usable.append(recording)
                    found.setdefault(recording.id, recording)
            skipped += len(entries) - len(usable)
            if not more or len(found) == known:
                break
            cursor, is_sure = usable[-1].id, answer.get("has_more") is True
        return RecordingList(
            session_id=session_id,
            data=tuple(r for r in found.values() if channel in (None, r.channel)),
            skipped=skipped,
        )

    def recording(self, recording_id: str) -> Recording:
        """GET /recordings/{id}."""
        answer = self._transport.get_json(f"/recordings/{_checked(RECORDING_ID, recording_id)}")
        return parsing.recording(answer, recording_id)

    def transcript(self, session_id: str) -> Transcript:
        """GET /sessions/{id}/transcript, either generation."""
        path = f"/sessions/{_checked(SESSION_ID, session_id)}/transcript"
        return parsing.transcript(self._transport.get_json(path), session_id)

    def open_audio(
        self,
        recording_id: str,
        *,
        start: int | None = None,
        end: int | None = None,
        size_hint: int | None = None,
    ) -> AudioStream:
        """GET /recordings/{id}/audio: return the stream once its head was found good.

        start, end: first and last byte wanted, both included; without `start` no Range is sent.
        Ranges are not documented: look at the stream's `status` and `first_byte_position`.
        size_hint: bytes by the recording's metadata. It only ever raises the size cap (to itself
        plus 1 %): the vendor's examples have metadata and audio differ by a factor of three, so
        a small hint proves nothing against a larger file.
        """
        path = f"/recordings/{_checked(RECORDING_ID, recording_id)}/audio"
        if start is not None and (start < 0 or (end is not None and end < start)):
            raise ValueError("start and end must be a range of bytes")
        if start is None and end is not None:
            raise ValueError("end needs a start")
        headers = {"Accept": "audio/*, application/octet-stream;q=0.9, */*;q=0.1"}
        if start is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end}"
        limits = self._limits
        clock = CallClock(
            limits, whole_seconds=limits.audio_seconds, pace=limits.audio_bytes_per_second
        )

        def attempt() -> tuple[AudioStream, requests.Response]:
            response = self._transport.open(path, headers, clock)
            try:
                stream = AudioStream(
                    response,
                    clock,
                    start=start,
                    end=end,
                    cap_bytes=max(limits.audio_bytes, int((size_hint or 0) * 1.01)),
                    request_id=self._transport.request_id(response),
                )
            except BaseException:
                response.close()
                raise
            return stream, response

        return self._transport.call(path, clock, attempt)


def _checked(pattern, value: str) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise ValueError("not an id of Kallglot")
    return value
