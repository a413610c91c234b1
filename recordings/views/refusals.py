"""Refusals: each has its row in the audit trail, and none tells what exists.

A call of another team and a call that does not exist get the same response after the same work.
"""

import threading
import time
from collections import Counter

from django.core.exceptions import PermissionDenied
from django.db import Error
from django.http import Http404

from kallglot_portal.database import little_patience
from kallglot_portal.middleware import client_address
from recordings import permissions
from recordings.models import AuditAction, AuditEvent, AuditOutcome, Recording, Session
from recordings.services import audit

NOT_VISIBLE = "not_visible"
"""The reason of a row: no such call among those that this user sees."""

_MOST_CHARACTERS = AuditEvent._meta.get_field("reason").max_length


def session_or_404(
    request, session_id: str, action=AuditAction.PAGE, reason: str = NOT_VISIBLE
) -> Session:
    """The call of that id. Raises `Http404` if it does not exist for this user."""
    visible = Session.objects.visible_to(request.user)
    session = visible.filter(kallglot_id=session_id).first()
    if session is None:
        record(request, action, _asked_for(session_id=session_id), reason)
        raise Http404
    return session


def recording_or_404(request, recording_id: str, action=AuditAction.PAGE) -> Recording:
    """The recording of that id. Raises `Http404` if it does not exist for this user."""
    recording = Recording.objects.one_visible_to(request.user, recording_id)
    if recording is None:
        known = Recording.objects.select_related("session").filter(kallglot_id=recording_id)
        hidden = known.first() or _asked_for(recording_id=recording_id)
        record(request, action, hidden, NOT_VISIBLE)
        raise Http404
    return recording


def require(
    request,
    permission: str,
    action: AuditAction,
    recording: Recording | None = None,
    reason: str = "no_permission",
) -> None:
    """`permissions.require`, with a row about `recording` if the permission is missing."""
    try:
        permissions.require(request.user, permission)
    except PermissionDenied:
        record(request, action, recording, reason)
        raise


def record(request, action: AuditAction, recording: Recording | None, reason: str) -> None:
    """Add the row of this refusal. Where it cannot be written, the refusal stands."""
    request.refusal_is_recorded = True
    if request.method == "HEAD":
        return
    user, address = request.user, client_address(request)
    try:
        audit.record(
            user, action, AuditOutcome.REFUSED, recording, address, reason[:_MOST_CHARACTERS]
        )
    except Error:
        audit.log.exception("The audit trail lacks a row: %s refused", action)


def record_page(request, error: Exception | None) -> None:
    """Add the row of a 403, unless the view has done so."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or hasattr(request, "refusal_is_recorded"):
        return
    permission = getattr(error, "permission", "no_permission")
    record(request, AuditAction.PAGE, _named(request), permission.rpartition(".")[2])


def record_anonymous(request, action: AuditAction) -> None:
    """Add the row of a request for audio or a file without a sign-in.

    Nothing is looked up, so the time it takes does not tell whether the recording exists.
    """
    address = client_address(request)
    if request.method == "HEAD" or not _allowance.take(address):
        return
    try:
        with little_patience():
            audit.record(
                *(request.user, action, AuditOutcome.REFUSED),
                *(_named(request), address, "not_signed_in"),
            )
    except Error:
        audit.log.exception("The audit trail lacks a row: %s refused", action)


def _named(request) -> Recording | None:
    """What the address of the request names."""
    names = request.resolver_match.kwargs if request.resolver_match else {}
    ids = {name: names[name] for name in ("session_id", "recording_id") if name in names}
    return _asked_for(**ids) if ids else None


def _asked_for(session_id: str = "", recording_id: str = "") -> Recording:
    """Stands for what was asked for, whether it exists or not; never saved."""
    return Recording(kallglot_id=recording_id, session=Session(kallglot_id=session_id))


class _Allowance:
    """How many rows strangers may add in an hour, so that they cannot fill the disk."""

    EACH_ADDRESS = 1000
    ALL = 10_000
    _PERIOD_S = 3600

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._period = None
        self._taken = Counter()

    def take(self, address: str) -> bool:
        """Whether one more row may be added for `address`."""
        period = time.monotonic() // self._PERIOD_S
        with self._lock:
            if period != self._period:
                self._period, self._taken = period, Counter()
            if self._taken[address] >= self.EACH_ADDRESS or self._taken.total() >= self.ALL:
                return False
            self._taken[address] += 1
            return True


_allowance = _Allowance()
