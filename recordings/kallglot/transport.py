"""One call to the vendor: gate, one retry, redirects by hand, status to error, one line of log."""

import http.client
import logging
import random
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import requests
import urllib3.exceptions

from . import answers, errors, parsing
from .connections import make_session
from .gate import Gate
from .limits import Limits
from .pacing import CallClock, governed_by
from .redirects import Hop, Routes, origin_of

logger = logging.getLogger("recordings.kallglot")

_REDIRECTS = (301, 302, 303, 307, 308)
_BLOCK_BYTES = 65_536
_Result = TypeVar("_Result")

#: What reading a body may raise besides our own errors.
BODY_FAULTS = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


class Transport:
    """Sends GET requests, and nothing else. The key leaves only towards the configured origin."""

    def __init__(
        self, api_key: str, routes: Routes, limits: Limits, gate: Gate, ca_file: str | None
    ) -> None:
        self._api_key = api_key
        self._routes = routes
        self._gate = gate
        self._session = make_session(ca_file)
        self.limits = limits

    def __repr__(self) -> str:
        return f"<Transport to {self._routes.base_url}>"

    def close(self) -> None:
        self._session.close()

    def get_json(self, path: str, query: str = "") -> dict[str, Any]:
        """Return the JSON object at `path`. Raises any KallglotError."""
        clock = CallClock(self.limits, whole_seconds=self.limits.json_seconds)

        def attempt() -> tuple[dict[str, Any], requests.Response]:
            response = self._follow(path + query, {"Accept": "application/json"}, clock)
            with closing(response):
                if response.status_code != 200:
                    raise self._error(response, clock)
                return parsing.json_object(self._json_body(response)), response

        return self.call(path, clock, attempt)

    def open(self, path: str, headers: dict[str, str], clock: CallClock) -> requests.Response:
        """Return the unread answer at `path`, of status 200 or 206. For use within `call`.

        Redirects may lead to the media hosts. Raises any KallglotError.
        """
        response = self._follow(path, headers, clock, media=True)
        if response.status_code in (200, 206):
            return response
        with closing(response):
            raise self._error(response, clock)

    def call(
        self,
        path: str,
        clock: CallClock,
        attempt: Callable[[], tuple[_Result, requests.Response]],
    ) -> _Result:
        """Return the first of what `attempt` returns; try a second time when that makes sense.

        Only connection failures, 500 and 502 are tried again, once: nothing has been handed out
        by then, and all requests are GET. The error that is raised has no frame or context of
        the HTTP libraries, whose variables hold the headers of the request.
        """
        self._gate.before_call()
        began = time.monotonic()
        result = response = error = None
        try:
            result, response, error = self._try(attempt)
            if error is not None and _worth_a_retry(error):
                with clock.spending():
                    time.sleep(self._retry_wait())
                result, response, error = self._try(attempt)
        finally:
            # A media host answered or failed: so the API did answer, with a redirect.
            self._gate.after_call(error if clock.with_key else None)
        self._log(path, response, error, time.monotonic() - began)
        if error is not None:
            raise error if clock.with_key else _of_media_host(error)
        return result

    def request_id(self, response: requests.Response) -> str | None:
        return answers.request_id(response, self._api_key)

    def _try(self, attempt):
        result = response = error = None
        try:
            result, response = attempt()
        except errors.KallglotError as fault:
            error = fault.with_traceback(None)
        except requests.RequestException as fault:
            error = _translated(fault)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError):
            error = errors.ConnectFailed()
        if error is not None:
            error.__cause__ = error.__context__ = None
        return result, response, error

    def _follow(
        self, path: str, headers: dict[str, str], clock: CallClock, media: bool = False
    ) -> requests.Response:
        hop = self._routes.first_hop(path)
        for _ in range(self.limits.redirect_hops + 1):
            response = self._send(hop, headers, clock)
            if response.status_code not in _REDIRECTS:
                return response
            with closing(response):
                locations = response.raw.headers.getlist("Location")
                try:
                    hop = self._routes.next_hop(hop, locations, media=media)
                except errors.BadAnswer as fault:
                    fault.status = response.status_code
                    fault.request_id = self.request_id(response)
                    raise
                # A connection serves again only when its body was read.
                length = answers.content_length(response)
                if length is not None and length <= _BLOCK_BYTES:
                    self._little_body(response, clock)
        raise errors.BadAnswer(
            "Kallglot redirects too often.",
            reason="vendor_redirect",
            status=response.status_code,
            request_id=self.request_id(response),
        )

    def _send(self, hop: Hop, headers: dict[str, str], clock: CallClock) -> requests.Response:
        headers = {"User-Agent": "kallglot-portal", "Accept-Encoding": "identity", **headers}
        if hop.with_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        request = self._session.prepare_request(requests.Request("GET", hop.url, headers=headers))
        # `requests` rewrites some addresses; it must not have moved this one to another host.
        if origin_of(request.url) != origin_of(hop.url):
            raise errors.BadAnswer(reason="vendor_redirect")
        clock.public_only, clock.with_key = not hop.at_origin, hop.with_key
        with governed_by(clock):
            response = self._session.send(
                request,
                stream=True,
                allow_redirects=False,
                verify=True,
                timeout=(self.limits.connect_seconds, self.limits.first_byte_seconds),
            )
        if hop.with_key:
            self._gate.after_answer(response.headers)
        return response

    def _json_body(self, response: requests.Response) -> bytes:
        """Return the whole body. Raises TooLarge, BadAnswer (cut), ConnectFailed (reset)."""
        details = {"status": response.status_code, "request_id": self.request_id(response)}
        cap = self.limits.json_bytes
        if (answers.content_length(response) or 0) > cap:
            raise errors.TooLarge(**details)
        if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise errors.BadAnswer(reason="vendor_encoding", **details)
        body = bytearray()
        try:
            while block := response.raw.read1(_BLOCK_BYTES):
                body += block
                if len(body) > cap:
                    raise errors.TooLarge(**details)
        except errors.KallglotError as fault:
            fault.status, fault.request_id = details["status"], details["request_id"]
            raise
        except BODY_FAULTS as fault:
            if any(isinstance(part, OSError) for part in (fault, *fault.args)):
                raise errors.ConnectFailed(**details) from None
            raise errors.BadAnswer(reason="vendor_cut", **details) from None
        return bytes(body)

    def _error(self, response: requests.Response, clock: CallClock) -> errors.KallglotError:
        body = self._little_body(response, clock)
        return answers.error_for(response, body, self._api_key)

    def _little_body(self, response: requests.Response, clock: CallClock) -> bytes:
        """Return a body that matters little: empty when it is slow or broken, cut when long."""
        body = bytearray()
        try:
            with clock.at_most(self.limits.error_body_seconds):
                while len(body) <= self.limits.error_body_bytes:
                    block = response.raw.read1(_BLOCK_BYTES)
                    if not block:
                        break
                    body += block
        except (errors.KallglotError, *BODY_FAULTS):
            body.clear()
        return bytes(body)

    def _retry_wait(self) -> float:
        limits = self.limits
        return random.uniform(limits.retry_wait_min_seconds, limits.retry_wait_max_seconds)  # noqa: S311

    def _log(self, path, response, error, seconds: float) -> None:
        if error is None:
            level, status, request_id = (
                logging.INFO,
                response.status_code,
                self.request_id(response),
            )
        else:
            level, status, request_id = logging.WARNING, error.status, error.request_id
        logger.log(
            level,
            "GET %s status=%s request=%s ms=%d%s",
            path,
            status or "-",
            request_id or "-",
            seconds * 1000,
            f" error={error.reason}" if error else "",
        )


def _worth_a_retry(error: errors.KallglotError) -> bool:
    # A name that does not resolve and a certificate that is not trusted stay so for a second.
    refused_or_reset = isinstance(error, errors.ConnectFailed) and error.reason == "vendor_connect"
    return refused_or_reset or error.status in (500, 502)


def _of_media_host(error: errors.KallglotError) -> errors.KallglotError:
    """What `error` says about one recording, when a host without the key answered, or did not.

    Such a host knows neither the key nor the account, and its rate limit is not the API's.
    """
    told = (errors.AccountRefused, errors.NotAllowed, errors.RateLimited, errors.ConnectFailed)
    if not isinstance(error, told) and type(error) is not errors.Unavailable:
        return error
    return errors.MediaFailed(
        status=error.status, request_id=error.request_id, retry_after=error.retry_after
    )


def _translated(fault: requests.RequestException) -> errors.KallglotError:
    if isinstance(fault, requests.exceptions.SSLError):
        return errors.ConnectFailed(
            "The certificate of Kallglot's server is not trusted.", reason="vendor_tls"
        )
    if isinstance(fault, requests.exceptions.Timeout):
        return errors.TimedOut()
    if isinstance(fault, requests.exceptions.ConnectionError):
        return errors.ConnectFailed()
    return errors.BadAnswer()
