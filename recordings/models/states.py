"""The states of a call and of a recording, as pages say them; the same words everywhere."""

from datetime import datetime

from django.db import models
from django.utils import timezone


class RecordingState(models.TextChoices):
    """What can be done with one recording."""

    PROCESSING = "processing", "Processing"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    MISSING = "missing", "Missing at Kallglot"
    UNKNOWN = "unknown", "Unknown state"

    @property
    def may_have_audio(self) -> bool:
        """Whether audio may be asked for: a word that is new here says nothing against it."""
        return self in (RecordingState.READY, RecordingState.UNKNOWN)


class CallState(models.TextChoices):
    """What can be done with a call, all its recordings taken together."""

    UNKNOWN = "unknown", "Not looked up yet"
    ACTIVE = "active", "In progress"
    NEVER_RECORDED = "never_recorded", "Never recorded"
    EMPTY = "empty", "No recordings"
    PROCESSING = "processing", "Processing"
    PARTLY_READY = "partly_ready", "Partly ready"
    READY = "ready", "Ready"
    UNCLEAR = "unclear", "Unknown state"
    FAILED = "failed", "Failed"
    MISSING = "missing", "Missing at Kallglot"
    EXPIRED = "expired", "Expired"


def recording_state(
    status: str, last_error: str, expires_at: datetime | None, gone_since: datetime | None
) -> RecordingState:
    """The state right now of a recording with these facts; see `Recording` for them.

    Gone after `expires_at` is expired; gone before it is missing at Kallglot.
    """
    is_expired = expires_at is not None and expires_at <= timezone.now()
    if is_expired or last_error == "vendor_gone":
        return RecordingState.EXPIRED
    if gone_since is not None:
        return RecordingState.MISSING
    if status in ("processing", "ready", "failed"):
        return RecordingState(status)
    return RecordingState.UNKNOWN


# What a call is called whose recordings are all in one state.
_ALL_ALIKE = {
    RecordingState.PROCESSING: CallState.PROCESSING,
    RecordingState.READY: CallState.READY,
    RecordingState.FAILED: CallState.FAILED,
    RecordingState.EXPIRED: CallState.EXPIRED,
    RecordingState.MISSING: CallState.MISSING,
    RecordingState.UNKNOWN: CallState.UNCLEAR,
}


def call_state(states: set[RecordingState]) -> CallState:
    """The state of an ended call with recordings in these `states`; there is at least one."""
    if len(states) == 1:
        return _ALL_ALIKE[next(iter(states))]
    if RecordingState.READY in states:
        return CallState.PARTLY_READY
    for state in (
        *(RecordingState.PROCESSING, RecordingState.UNKNOWN),
        *(RecordingState.FAILED, RecordingState.MISSING),
    ):
        if state in states:
            return _ALL_ALIKE[state]
    return CallState.EXPIRED
