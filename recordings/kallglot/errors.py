# ruff: noqa: N818 - the names say what happened; callers read `except errors.NotFound`.
"""What can go wrong between us and the vendor.

KallglotError
|-- NotFound            404
|-- Gone                410
|-- NotReady            202, 409, 425: ask again later
|-- NotAllowed          403 for one object: the key may not read this session or recording
|-- AccountRefused      a 4xx with a code `organization_...`: the account is suspended or inactive
|   |-- KeyRefused      401
|   `-- CreditsUsedUp   402
|-- RateLimited         429
|-- Unavailable         500, 502 (after one retry), 503
|   |-- ConnectFailed   no connection, no name, no trusted certificate, reset before an answer
|   |-- TimedOut        no connection or no answer in time; also the vendor's own 504
|   |-- Stalled         the body came too slowly
|   `-- MediaFailed     a host that the audio was redirected to refused it or cannot be reached
|-- BadAnswer           an answer that breaks HTTP, the vendor's contract or our rules
|   |-- HostNotListed   a redirect of audio to a host that is not among the media hosts
|   |-- TooLarge        more bytes than we accept
|   `-- TruncatedAudio  fewer or more bytes than declared, a reset, or a reader that was aborted
`-- Paused              not sent: earlier answers closed the gate

A caller needs four answers: not there (`NotFound`, `Gone`), not now (`NotReady`, `RateLimited`,
`Unavailable`, `Paused`), this object is not allowed (`NotAllowed`), and nothing is allowed until
an administrator acts (`AccountRefused`).

The text of an error is always a sentence of ours. The vendor's message, headers and addresses are
never kept, except for the host name in `HostNotListed`, so an error can be shown and logged as it
is.
"""


class KallglotError(Exception):
    """Base of all errors of this package.

    status: the vendor's HTTP status, or None when there was no answer.
    code: the vendor's machine word for the error (`error.code`), or None.
    request_id: the vendor's id of the request, to quote to their support, or None.
    retry_after: seconds to wait before the next try (1 to 300), or None when unknown.
    reason: a short stable word of ours, such as "vendor_payment".
    """

    sentence = "The call to Kallglot failed."
    reason = "vendor_error"

    def __init__(
        self,
        sentence: str | None = None,
        *,
        reason: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence or self.sentence)
        if reason is not None:
            self.reason = reason
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after

    def __repr__(self) -> str:
        parts = [f"{name}={getattr(self, name)!r}" for name in ("reason", "status", "code")]
        return f"{type(self).__name__}({', '.join(parts)}, request_id={self.request_id!r})"


class NotFound(KallglotError):
    sentence = "Kallglot does not know this id."
    reason = "vendor_not_found"


class Gone(KallglotError):
    sentence = "Kallglot has deleted this recording."
    reason = "vendor_gone"


class NotReady(KallglotError):
    sentence = "Kallglot is still preparing this."
    reason = "vendor_not_ready"


class NotAllowed(KallglotError):
    """The key may not read this one object; other calls may succeed."""

    sentence = "Kallglot does not allow the portal's API key to read this."
    reason = "vendor_forbidden"


class AccountRefused(KallglotError):
    """The key, the plan or the whole account is refused: every other call would fail too."""

    sentence = "The Kallglot account is suspended or inactive."
    reason = "vendor_account"


class KeyRefused(AccountRefused):
    sentence = "Kallglot refused the portal's API key."
    reason = "vendor_key"


class CreditsUsedUp(AccountRefused):
    sentence = "The Kallglot account has no API credits left."
    reason = "vendor_payment"


class RateLimited(KallglotError):
    """`retry_after` is never None here: the vendor's own sample waits 30 s when none is given."""

    sentence = "Kallglot asks the portal to slow down."
    reason = "vendor_rate_limit"
    usual_wait_seconds = 30.0

    def __init__(self, *args, retry_after: float | None = None, **details) -> None:
        wait = self.usual_wait_seconds if retry_after is None else retry_after
        super().__init__(*args, retry_after=wait, **details)


class Unavailable(KallglotError):
    sentence = "Kallglot is not available at the moment."
    reason = "vendor_unavailable"


class ConnectFailed(Unavailable):
    sentence = "The portal could not connect to Kallglot."
    reason = "vendor_connect"


class TimedOut(Unavailable):
    sentence = "Kallglot did not answer in time."
    reason = "vendor_timeout"


class Stalled(Unavailable):
    sentence = "Kallglot sent its answer too slowly."
    reason = "vendor_stalled"


class MediaFailed(Unavailable):
    """The API itself answered, with a redirect; so this says nothing about other recordings."""

    sentence = "The server that holds this recording for Kallglot did not send it."
    reason = "vendor_media"


class BadAnswer(KallglotError):
    sentence = "Kallglot sent an answer the portal cannot use."
    reason = "vendor_bad_answer"


class HostNotListed(BadAnswer):
    """`host` is the name to list, "host" or "host:port"; it is fit to be shown."""

    sentence = "Kallglot redirects to a host the portal may not fetch from."
    reason = "vendor_redirect"
    host = ""


class TooLarge(BadAnswer):
    sentence = "Kallglot's answer is larger than the portal accepts."
    reason = "vendor_too_large"


class TruncatedAudio(BadAnswer):
    sentence = "The audio from Kallglot broke off or did not have its declared length."
    reason = "vendor_truncated"


class Paused(KallglotError):
    """No call was made. `cause` is the error that closed the gate, None when it is not known."""

    sentence = "The portal is waiting a moment before it calls Kallglot again."
    reason = "vendor_paused"

    def __init__(self, cause: KallglotError | None = None, *, retry_after: float) -> None:
        super().__init__(retry_after=retry_after)
        self.cause = cause
        if cause is not None:
            self.reason, self.status = cause.reason, cause.status
            self.code, self.request_id = cause.code, cause.request_id

    def __reduce__(self):
        return _rebuild_paused, (self.cause, self.retry_after)


def _rebuild_paused(cause: KallglotError | None, retry_after: float) -> Paused:
    return Paused(cause, retry_after=retry_after)
