"""The vendor's errors as people read them: a status, a sentence, and when to try again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.utils import timezone

from recordings import permissions
from recordings.kallglot import errors
from recordings.models import VendorState
from recordings.services import gate, vendor


@dataclass(frozen=True, slots=True)
class Trouble:
    """One vendor fault, ready to be shown.

    `status` is our answer's HTTP status; `wait_s` the whole seconds until another try makes
    sense, or None; `for_administrators` says that somebody must mend the connection; `since` is
    when a standing trouble began.
    """

    status: int
    sentence: str
    wait_s: int | None = None
    for_administrators: bool = False
    since: datetime | None = None

    @property
    def passes(self) -> bool:
        """Whether the same question may get another answer later."""
        return self.status >= 500


# By the error's `reason` word, which also survives in the database after the error is gone.
_ASK = "Administrators see what is wrong; there is nothing you need to do."
_KNOWN = {
    "vendor_not_found": (404, "Kallglot does not know this id.", ""),
    "vendor_gone": (410, "Kallglot has deleted this for good.", ""),
    "not_connected": (
        503,
        "The portal is not connected to Kallglot yet.",
        "Set KALLGLOT_API_KEY and restart the portal.",
    ),
    "vendor_key": (
        502,
        "Kallglot refused the portal's connection.",
        "Kallglot refused the API key: check KALLGLOT_API_KEY (revoked, expired, or of the "
        "other environment).",
    ),
    "vendor_account": (
        502,
        "Kallglot refused the portal's connection.",
        "Kallglot says that the organisation is suspended or inactive: check its state in "
        "Kallglot's developer portal.",
    ),
    "vendor_payment": (
        502,
        "Kallglot credits are used up; calls already fetched still play.",
        "Kallglot asks for payment: the organisation's credits are used up.",
    ),
    "vendor_rate_limit": (503, "Kallglot's limit of requests is reached.", ""),
    "portal_fault": (500, "The portal could not process this; its log says why.", ""),
    "vendor_timeout": (504, "Kallglot did not answer in time.", ""),
    "vendor_media": (502, "Kallglot's storage did not send this recording.", ""),
    "vendor_not_audio": (502, "What Kallglot sent for this recording is not audio.", ""),
    "vendor_stalled": (504, "Kallglot stopped answering half-way.", ""),
}
_BAD_ANSWER = (502, "Kallglot's answer could not be understood.", "")
_KNOWN |= dict.fromkeys(
    (
        *("vendor_bad_answer", "vendor_bad_head", "vendor_cut", "vendor_encoding"),
        *("vendor_not_json", "vendor_other_object", "vendor_redirect", "vendor_too_large"),
        "vendor_truncated",
    ),
    _BAD_ANSWER,
)
# These concern one thing only, so the sentence names it.
_NOT_READY = "Kallglot is still preparing this {what}."
# The caller tries again by itself; Kallglot needs "typically a few seconds".
_NOT_READY_WAIT_S = 5
_FORBIDDEN = "Your Kallglot key may not read this {what}."
_FORBIDDEN_ADVICE = (
    "Check the key's scopes (sessions:read, recordings:read) in Kallglot's developer portal."
)
_HOST_NOT_LISTED = (
    "Kallglot keeps recordings at {host}, which the portal may not fetch from. If this is a host "
    "of Kallglot's, add it to KALLGLOT_MEDIA_HOSTS and restart the portal."
)
# For this long after it was last seen, an unlisted host is named in the line above every page.
_HOST_TOLD_FOR = timedelta(days=1)
_NOT_REACHABLE = "Kallglot is not reachable at the moment."
# A single failure is worth a line on every page only while it is news.
_NEWS_FOR = timedelta(minutes=10)


def from_error(error: errors.KallglotError, user, what: str = "call") -> Trouble:
    """What to show `user` about `error`; never a word of the vendor's own text.

    what: the thing that was asked for, such as "call", "recording" or "transcript".
    """
    if isinstance(error, errors.HostNotListed) and user.has_perm(permissions.ADMINISTER):
        return _host_not_listed(error.host)
    wait_s = None if error.retry_after is None else max(1, ceil(error.retry_after))
    return _trouble(error.reason, wait_s, user, status=error.status, what=what)


def advice(error: errors.KallglotError) -> str:
    """Return what an administrator should know about `error`, for a terminal."""
    sentence, to_do = _KNOWN.get(error.reason, (0, _NOT_REACHABLE, ""))[1:]
    return to_do or sentence


def remembered(reason: str, user, what: str = "call") -> Trouble:
    """What to show `user` about an error of which the database kept the `reason`."""
    return _trouble(reason, None, user, what=what)


def standing(user) -> Trouble | None:
    """The trouble that lasts right now, for the line above every page; None when all is well."""
    if not settings.KALLGLOT_API_KEY:
        return _trouble(vendor.NotConnected.reason, None, user)
    state = gate.state()
    wait_s = ceil(state.wait_s())
    if not state.cause or (wait_s == 0 and _is_over(state)):
        return _refused_host(state, user)
    found = _trouble(state.cause, wait_s or None, user)
    if found.for_administrators or state.cause == errors.RateLimited.reason:
        return found
    sentence = f"{found.sentence} Calls already fetched still play."
    return replace(found, sentence=sentence, since=state.since)


def _refused_host(state: VendorState, user) -> Trouble | None:
    """For administrators: the host to list, if audio was redirected there lately."""
    host, at = state.refused_host, state.refused_host_at
    if not host or host in settings.KALLGLOT_MEDIA_HOSTS or timezone.now() - at > _HOST_TOLD_FOR:
        return None
    return _host_not_listed(host) if user.has_perm(permissions.ADMINISTER) else None


def _host_not_listed(host: str) -> Trouble:
    return Trouble(502, _HOST_NOT_LISTED.format(host=host), for_administrators=True)


def _is_over(state: VendorState) -> bool:
    """Whether trouble without a pause is old: only the next call would tell, and none came."""
    if state.cause == errors.RateLimited.reason:
        return True
    lasting = _KNOWN.get(state.cause, ("", "", ""))[2]
    return not lasting and state.since is not None and timezone.now() - state.since > _NEWS_FOR


def _trouble(
    reason: str, wait_s: int | None, user, status: int | None = None, what: str = "call"
) -> Trouble:
    administers = user.has_perm(permissions.ADMINISTER)
    if reason == errors.NotAllowed.reason:
        sentence = _FORBIDDEN.format(what=what)
        return Trouble(502, f"{sentence} {_FORBIDDEN_ADVICE}" if administers else sentence)
    if reason == errors.NotReady.reason:
        return Trouble(503, _NOT_READY.format(what=what), wait_s or _NOT_READY_WAIT_S)
    answer, sentence, advice = _KNOWN.get(
        reason, (503 if status == 503 else 502, _NOT_REACHABLE, "")
    )
    if wait_s is not None and answer == 502 and not advice:
        answer = 503
    if advice:
        sentence = advice if administers else f"{sentence} {_ASK}"
    return Trouble(answer, sentence, wait_s, for_administrators=bool(advice))
