"""What the vendor answers to a request, before any fault spoils it."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import TYPE_CHECKING

from recordings.simulator import access, shapes
from recordings.simulator.byte_range import Unsatisfiable
from recordings.simulator.calls import CHANNELS, Call, Recording
from recordings.simulator.file_answer import file_answer
from recordings.simulator.messages import Answer, Request
from recordings.simulator.paging import page_of
from recordings.simulator.sources import Bytes, Source

if TYPE_CHECKING:
    from recordings.simulator.allowance import Allowance
    from recordings.simulator.server import Simulator

SIGNED_URL_LIFETIME = 3600


class Vendor:
    """The vendor's endpoints over the simulator's calls and options."""

    def __init__(self, simulator: Simulator):
        self.simulator = simulator
        self.options = simulator.options

    def answer(self, request: Request) -> Answer:
        """Check the key, the method and the allowance, then find the endpoint."""
        if match := re.fullmatch(r"/storage/recordings/([^/]+)\.mp3", request.path):
            answer = self._storage(request, match[1])
        elif not self._authenticated(request):
            answer = self.error(401, request)
        elif (wait := self._take(request)) is not None:
            answer = self.error(429, request, retry_after=wait)
        elif not access.has_scope(request.path, self.options):
            answer = self.error(self.options.scope_status, request)
        elif access.unknown_parameters(request, self.options):
            answer = self.error(400, request)
        else:
            answer = self._endpoint(request)
            if request.method not in ("GET", "HEAD") or (
                request.method == "HEAD" and self.options.head == "405"
            ):
                answer = self.error(405, request).with_header("Allow", "GET")
        if answer.status != 401 and not request.path.startswith("/storage/"):
            answer.headers += self._allowance(request).headers()
            answer.headers += [
                ("X-API-Credits-Remaining", "9871"),
                ("X-API-Credits-Used", "129"),
            ]
        return answer.with_header("X-Request-ID", request.request_id)

    def error(self, status: int, request: Request, retry_after: int | None = None) -> Answer:
        """An error in the envelope, or as HTML or nothing when the options say so."""
        answer = Answer(status)
        if retry_after is not None:
            answer.with_header("Retry-After", str(retry_after))
        if self.options.error_body == "html":
            page = f"<!doctype html><title>{status}</title><h1>Error {status}</h1>"
            answer.body = Bytes(page.encode())
            return answer.with_header("Content-Type", "text/html; charset=utf-8")
        if self.options.error_body == "json":
            answer.payload = shapes.error(
                status, self.options.generation, request.request_id, retry_after
            )
            answer.with_header("Content-Type", "application/json")
        return answer

    def _allowance(self, request: Request) -> Allowance:
        """The rate limit that an answer reports: its group's, where that has one of its own."""
        if "/recordings" in request.path or not self.options.session_rate_limit:
            return self.simulator.allowance
        return self.simulator.session_allowance

    def _take(self, request: Request) -> int | None:
        """Use one request of the group's limit; the seconds to wait when there is none left."""
        if "/recordings" in request.path:
            return self.simulator.allowance.take()
        return self.simulator.session_allowance.take()

    def _authenticated(self, request: Request) -> bool:
        bearer = request.headers.get("authorization", "")
        given = bearer[7:] if bearer[:7].lower() == "bearer " else ""
        given = given or request.headers.get("x-api-key", "")
        return hmac.compare_digest(given.encode(), self.simulator.key.encode())

    def _endpoint(self, request: Request) -> Answer:
        routes = (
            (r"/v1/sessions/([^/]+)", self._session),
            (r"/v1/sessions/([^/]+)/recordings", self._list),
            (r"/v1/sessions/([^/]+)/transcript", self._transcript),
            (r"/v1/recordings/([^/]+)", self._recording),
            (r"/v1/recordings/([^/]+)/audio", self._audio),
            (r"/v1/recordings/([^/]+)/download", self._download),
        )
        for pattern, view in routes:
            if match := re.fullmatch(pattern, request.path):
                return view(request, match[1])
        return self.error(404, request)

    def _json(self, payload: shapes.Json) -> Answer:
        return Answer(200, [("Content-Type", "application/json")], payload=payload)

    # Sessions

    def _session(self, request: Request, session_id: str) -> Answer:
        call = self.simulator.call(session_id)
        if call is None:
            return self.error(404, request)
        return self._json(shapes.session(call, self.options.generation, self.simulator.now()))

    def _transcript(self, request: Request, session_id: str) -> Answer:
        call = self.simulator.call(session_id)
        if call is None or not call.turns:
            return self.error(404, request)
        return self._json(shapes.transcript(call, self.options.generation))

    def _list(self, request: Request, session_id: str) -> Answer:
        call = self.simulator.listed(session_id)
        if call is None:
            return self.error(404, request)
        generation = self.options.generation
        channel = request.parameter("channel")
        recordings = [item for item in call.recordings if self._listed(item)]
        if not recordings and self.options.empty_list_status != 200:
            return self.error(self.options.empty_list_status, request)
        if generation == "newer":
            # One stereo file for a session, and no filter by channel.
            recordings = [item for item in recordings if item.channel == "mixed"]
        elif channel is not None:
            if channel not in CHANNELS:
                return self.error(400, request)
            recordings = [item for item in recordings if item.channel == channel]
        page: shapes.Json = {"object": "list"}
        if self.options.paging != "off":
            recordings, more = page_of(recordings, request.parameter)
            if self.options.paging == "cursor":
                page |= {"has_more": more, "url": request.path}
        page["data"] = [self._list_item(item, call) for item in recordings]
        if generation != "newer":
            page["session_id"] = call.id
        return self._json(page)

    def _list_item(self, recording: Recording, call: Call) -> shapes.Json:
        item = shapes.list_item(
            recording,
            call,
            self.simulator.recording_status(recording),
            self._announced_size(recording),
            self.options.generation,
        )
        return self._as_far_as_known(item)

    # Recordings

    def _listed(self, recording: Recording) -> bool:
        return self.options.list_expired or not self.simulator.expired(recording)

    def _announced_size(self, recording: Recording) -> int:
        size = self._file(recording).size
        return size * 3 + 1000 if self.options.size_mismatch else size

    def _as_far_as_known(self, item: shapes.Json) -> shapes.Json:
        if item["status"] == "ready":
            return item
        return shapes.unready(item, self.options.processing_fields)

    def _file(self, recording: Recording) -> Source:
        if self.options.legs == "mp3" and recording.as_mp3 is not None:
            return recording.as_mp3
        return recording.audio

    def _recording(self, request: Request, recording_id: str) -> Answer:
        found = self.simulator.recording(recording_id)
        if found is None:
            return self.error(404, request)
        recording, call = found
        if not self._listed(recording):
            return self.error(self.options.expired_status, request)
        status = self.simulator.recording_status(recording)
        item = shapes.recording_detail(recording, call, status, self._announced_size(recording))
        if self.options.generation == "older":
            item["download_url"] = self._signed_url(recording)
        return self._json(self._as_far_as_known(item))

    # Audio

    def _refusal(self, request: Request, recording: Recording) -> Answer | None:
        """Why the audio is not to be had now, if so."""
        status = self.simulator.recording_status(recording)
        if status == "processing":
            if self.options.processing_status == 202:
                return Answer(
                    202, [("Content-Type", "application/json")], payload={"status": status}
                )
            return self.error(self.options.processing_status, request)
        if status == "failed":
            return self.error(self.options.failed_status, request)
        if self.simulator.expired(recording):
            return self.error(self.options.expired_status, request)
        return None

    def _audio(self, request: Request, recording_id: str) -> Answer:
        found = self.simulator.recording(recording_id)
        if found is None or self.options.generation == "older":
            return self.error(404, request)
        recording, call = found
        if (refusal := self._refusal(request, recording)) is not None:
            return refusal
        if self.options.redirect_audio:
            return Answer(302, [("Location", self._signed_url(recording))])
        return self._sent_file(request, recording, call)

    def _download(self, request: Request, recording_id: str) -> Answer:
        found = self.simulator.recording(recording_id)
        if found is None or self.options.generation != "older":
            return self.error(404, request)
        recording, _ = found
        if (refusal := self._refusal(request, recording)) is not None:
            return refusal
        return Answer(302, [("Location", self._signed_url(recording))])

    def _storage(self, request: Request, recording_id: str) -> Answer:
        found = self.simulator.recording(recording_id)
        expires = request.parameter("expires") or ""
        signature = request.parameter("signature") or ""
        if found is None:
            return self.error(404, request)
        wanted = self._signature(recording_id, expires)
        if not hmac.compare_digest(signature.encode(), wanted.encode()):
            return self.error(403, request)
        if not expires.isdigit() or int(expires) < time.time():
            return self.error(403, request)
        return self._sent_file(request, *found)

    def _signature(self, recording_id: str, expires: str) -> str:
        message = f"{recording_id}.{expires}".encode()
        return hmac.new(self.simulator.key.encode(), message, hashlib.sha256).hexdigest()

    def _signed_url(self, recording: Recording) -> str:
        expires = str(int(time.time()) + SIGNED_URL_LIFETIME)
        origin = self.options.media_origin or self.simulator.media_origin
        signature = self._signature(recording.id, expires)
        return (
            f"{origin}/storage/recordings/{recording.id}.mp3"
            f"?signature={signature}&expires={expires}"
        )

    def _sent_file(self, request: Request, recording: Recording, call: Call) -> Answer:
        file = self._file(recording)
        try:
            return file_answer(request, recording, call, file, self.options)
        except Unsatisfiable:
            refused = self.error(416, request)
            return refused.with_header("Content-Range", f"bytes */{file.size}")
