"""An answer's status, headers and error body -> one of our errors.

The status decides (vendor documentation, "Errors": `type` changed between generations), with one
exception: a refusal whose `code` names the organization concerns the whole account.
Of the body we keep the machine words `code` and `request_id`, and `retry_after`.
"""

import re
import time
from email.utils import parsedate_to_datetime

import requests

from . import errors, parsing

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_KEY_PREFIXES = ("sk_live_", "sk_test_", "kst_")
_SHORTEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 1.0, 300.0

# `organization_suspended` and `organization_inactive` are documented, as 403.
_ACCOUNT_CODE = "organization_"

_BY_STATUS: dict[int, type[errors.KallglotError]] = {
    202: errors.NotReady,
    401: errors.KeyRefused,
    402: errors.CreditsUsedUp,
    403: errors.NotAllowed,
    404: errors.NotFound,
    409: errors.NotReady,
    410: errors.Gone,
    425: errors.NotReady,
    429: errors.RateLimited,
    504: errors.TimedOut,
}


def error_for(response: requests.Response, body: bytes, api_key: str) -> errors.KallglotError:
    """Return the error for an answer that is not the wanted one. `body` may be cut or empty."""
    status = response.status_code
    fields = _error_fields(body)
    wait = retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
    if wait is None:
        wait = _wait_in_body(fields.get("retry_after"))
    code = _own_word(fields.get("code"), api_key)
    return _kind(status, code)(
        status=status,
        code=code,
        request_id=request_id(response, api_key) or _own_word(fields.get("request_id"), api_key),
        retry_after=wait,
    )


def _kind(status: int, code: str | None) -> type[errors.KallglotError]:
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = errors.Unavailable if 500 <= status <= 599 else errors.BadAnswer
    if 400 <= status <= 499 and (code or "").startswith(_ACCOUNT_CODE):
        return kind if issubclass(kind, errors.AccountRefused) else errors.AccountRefused
    return kind


def request_id(response: requests.Response, api_key: str) -> str | None:
    return _own_word(response.headers.get("X-Request-ID"), api_key)


def content_length(response: requests.Response) -> int | None:
    """Return the declared bytes of the body, None when there is no declaration."""
    # Digits only, that was checked with the head; two equal ones come joined by a comma.
    value = response.headers.get("Content-Length")
    return None if value is None else int(value.partition(",")[0])


def retry_after(value: str | None, date: str | None = None) -> float | None:
    """Return the seconds a Retry-After asks for, 1 to 300; None when it is missing or malformed.

    A date is compared with the answer's own `Date`, so clocks that differ do no harm
    (RFC 9110, section 10.2.3).
    """
    value = (value or "").strip(" \t")
    if re.fullmatch(r"[0-9]+", value):
        return _clamped(float(value[:12]))
    moment = _timestamp(value)
    if moment is None:
        return None
    sent = _timestamp(date or "")
    return _clamped(moment - (time.time() if sent is None else sent))


def _timestamp(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _clamped(seconds: float) -> float:
    return min(max(seconds, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS)


def _wait_in_body(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return _clamped(min(value, _LONGEST_WAIT_SECONDS))


def _error_fields(body: bytes) -> dict:
    try:
        fields = parsing.json_object(body).get("error")
    except errors.BadAnswer:
        return {}
    return fields if isinstance(fields, dict) else {}


def _own_word(value: object, api_key: str) -> str | None:
    """A machine word that may be shown: no prose, and nothing that looks like a credential."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        return None
    if api_key in value or any(prefix in value for prefix in _KEY_PREFIXES):
        return None
    return value
